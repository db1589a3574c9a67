-- Of causes that an aggregate has several of, which one: a case may be re-routed again, and the word of the first time is not the
-- cause of what followed the second (ADR 065). Empty where the payload names none, and of lines that the build before keeps.
ALTER TABLE unsequenced
    ADD COLUMN cause_version bigint,
    ADD CHECK (cause_version IS NULL OR cause_id IS NOT NULL);
