-- What rules may ask of a report beside its item, place and words; for trying rules on past cases. `reporter` is a role, never a name.
ALTER TABLE cases ADD COLUMN reporter text, ADD COLUMN households integer NOT NULL DEFAULT 0 CHECK (households >= 0),
    ADD COLUMN reading_milli bigint;
