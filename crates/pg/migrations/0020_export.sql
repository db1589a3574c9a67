-- A page of one table of a tenant as JSON, in the order of its primary key, for taking a whole street out. Runs as whoever
-- calls it, so row security and grants hold: it shows nothing that the service could not read. `after` is the last key
-- of the page before; columns that are sealed are left out by name. Bytes come as Postgres writes them in JSON: hex.
CREATE FUNCTION export_page(place text, tenant bigint, after jsonb, rows_max integer, left_out text[])
RETURNS TABLE (key jsonb, content jsonb) LANGUAGE plpgsql STABLE AS $$
DECLARE
    columns text;
    bounds text;
BEGIN
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
        string_agg(format('($2->>%s)::%s', a.n - 1, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
    INTO columns, bounds
    FROM (
        SELECT a.attname, a.attnum, a.atttypid, a.atttypmod, row_number() OVER (ORDER BY a.attnum) AS n
        FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
        WHERE i.indrelid = to_regclass(quote_ident(place)) AND i.indisprimary
    ) a;
    IF columns IS NULL OR rows_max NOT BETWEEN 1 AND 1000 THEN
        RAISE EXCEPTION 'refused';
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT jsonb_build_array(%1$s), to_jsonb(t) - $4 FROM %2$I t
         WHERE tenant_id = $1 AND ($2 IS NULL OR (%1$s) > (%3$s)) ORDER BY %1$s LIMIT $3',
        columns, place, bounds) USING tenant, after, rows_max, left_out;
END $$;
DO $$
BEGIN
    REVOKE EXECUTE ON FUNCTION export_page(text, bigint, jsonb, integer, text[]) FROM PUBLIC;
    EXECUTE format('GRANT EXECUTE ON FUNCTION export_page(text, bigint, jsonb, integer, text[]) TO %I', current_schema());
END $$;
