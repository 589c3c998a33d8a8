#!/bin/sh
# Creates the database and its roles. PostgreSQL's image runs this script once, when its volume is empty.
set -eu
psql --username "${POSTGRES_USER:-postgres}" --dbname postgres -v owner_password="$OWNER_PASSWORD" \
  -v web_password="$WEB_PASSWORD" -v worker_password="$WORKER_PASSWORD" -f "${ROLES:-/holdfast/roles.sql}"
