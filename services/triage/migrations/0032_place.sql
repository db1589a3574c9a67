-- Where a case's place lies, by the street's territory when the case was opened; unknown for those that are here.
ALTER TABLE cases ADD COLUMN community bigint, ADD COLUMN grid text;
