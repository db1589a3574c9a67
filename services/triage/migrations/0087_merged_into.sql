-- The case to which a case that bodies had went with all its voices: the same request again gets the same answer. Of the other
-- merged ones their entry at the review desk says it. Every row has NULL now, so nothing has to be looked through.
ALTER TABLE cases ADD COLUMN merged_into uuid;
ALTER TABLE cases ADD CONSTRAINT cases_merged_into_check
    CHECK (merged_into IS NULL OR standing = 'merged') NOT VALID;
