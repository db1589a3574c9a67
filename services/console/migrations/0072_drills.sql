-- A drill is kept like a case and shown only to who asks for drills (D26).
ALTER TABLE cases ADD COLUMN drill boolean NOT NULL DEFAULT false;
