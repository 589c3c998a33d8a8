-- Where this database is: a restored or copied one is in another place (docs/adr/0075).
CREATE OR REPLACE FUNCTION inbox_place() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT concat_ws('/',
        (SELECT system_identifier FROM pg_control_system()),
        left(pg_walfile_name(pg_current_wal_lsn()), 8),
        (SELECT oid FROM pg_database WHERE datname = current_database()),
        'inbox_databaseorigin'::regclass::oid)
$$;
