-- Of a voice that opened its case, beside which open one it did so, where a life may depend on it (ADR 073). Voices that joined always
-- say why.
ALTER TABLE voices
    DROP CONSTRAINT voices_check,
    ADD CONSTRAINT voices_join_explained CHECK (voice = 1 OR join_explanation IS NOT NULL);
