-- What a link was given out for stays as it was said: of a link only this changes.
DO $$
BEGIN
    EXECUTE format('REVOKE UPDATE ON links FROM %I', current_schema());
    EXECUTE format('GRANT UPDATE (revoked_at, opened, last_opened_at) ON links TO %I', current_schema());
END
$$;
