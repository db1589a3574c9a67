-- A drill is on the record like any report, and never counted as one (D26).
ALTER TABLE reports ADD COLUMN drill boolean NOT NULL DEFAULT false;
