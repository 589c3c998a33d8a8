-- Creates the database and its three roles. Run this file as a superuser, with passwords of your own:
--   psql -v owner_password=... -v web_password=... -v worker_password=... -f deploy/postgres/roles.sql
-- The file can run again: it keeps an existing database and roles, and sets passwords and limits.
--   holdfast_owner   owns the tables and runs migrations; no long-running process uses this role
--   holdfast_web     for web processes: short limits, because a person or a provider waits
--   holdfast_worker  for manage.py qcluster: longer limits
-- If another role owns the tables of an old installation, run REASSIGN OWNED BY that_role TO holdfast_owner in its database.
\set ON_ERROR_STOP on

SELECT format('CREATE ROLE %I LOGIN', role)
FROM unnest(ARRAY['holdfast_owner', 'holdfast_web', 'holdfast_worker']) AS role
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) \gexec

ALTER ROLE holdfast_owner PASSWORD :'owner_password';
ALTER ROLE holdfast_web PASSWORD :'web_password';
ALTER ROLE holdfast_worker PASSWORD :'worker_password';

SELECT 'CREATE DATABASE holdfast OWNER holdfast_owner'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'holdfast') \gexec

-- The limits belong to the roles, because PgBouncer does not pass on the settings of a session.
ALTER ROLE holdfast_web SET statement_timeout = '5s';
ALTER ROLE holdfast_web SET lock_timeout = '2s';
ALTER ROLE holdfast_web SET idle_in_transaction_session_timeout = '10s';
ALTER ROLE holdfast_worker SET statement_timeout = '30s';
ALTER ROLE holdfast_worker SET lock_timeout = '5s';
ALTER ROLE holdfast_worker SET idle_in_transaction_session_timeout = '15s';

-- The product's statements take milliseconds. Without fresh statistics, PostgreSQL would compile them (JIT), which takes seconds.
ALTER DATABASE holdfast SET jit = off;
-- A wait for a lock of more than a second is logged with the session that holds it.
ALTER DATABASE holdfast SET log_lock_waits = on;

\connect holdfast
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO holdfast_owner;
GRANT USAGE ON SCHEMA public TO holdfast_web, holdfast_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO holdfast_web, holdfast_worker;
GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO holdfast_web, holdfast_worker;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO holdfast_web, holdfast_worker;

-- The same rights to the objects that later migrations create.
ALTER DEFAULT PRIVILEGES FOR ROLE holdfast_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO holdfast_web, holdfast_worker;
ALTER DEFAULT PRIVILEGES FOR ROLE holdfast_owner IN SCHEMA public
    GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO holdfast_web, holdfast_worker;
ALTER DEFAULT PRIVILEGES FOR ROLE holdfast_owner IN SCHEMA public
    GRANT EXECUTE ON FUNCTIONS TO holdfast_web, holdfast_worker;
