-- A report may go from one case to another: the highest placement is right; 0 is one from before they were counted. `rejected`
-- says that a person found that nobody has to act.
ALTER TABLE reports
    ADD COLUMN placement integer NOT NULL DEFAULT 0 CHECK (placement >= 0),
    ADD COLUMN rejected  boolean NOT NULL DEFAULT false;
