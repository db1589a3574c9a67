-- Until when somebody decides on a report that waits (ADR 079); then it goes up to the district's desk, or the district's is
-- told once more (`reminded`), and nothing follows by itself. What the build before this one puts there has no clock until the
-- next sweep. `traceparent` is the report's, for what is said without a request. Locks readers out, for an instant; the indexes
-- are built apart from it (0141).
ALTER TABLE reviews
    ADD COLUMN due_at      timestamptz,
    ADD COLUMN reminded    boolean NOT NULL DEFAULT false,
    ADD COLUMN traceparent text;
