-- The case to which a case that bodies had went with all its voices: the same request again gets the same answer. Of the other
-- merged ones their entry at the review desk says it.
ALTER TABLE cases
    ADD COLUMN merged_into uuid CHECK (merged_into IS NULL OR standing = 'merged');
