#!/bin/sh
# PostgreSQL's image runs this once, where its volume is empty.
set -eu
psql --username "${POSTGRES_USER:-postgres}" --dbname postgres -v owner_password="$OWNER_PASSWORD" \
  -v web_password="$WEB_PASSWORD" -v worker_password="$WORKER_PASSWORD" -f "${ROLES:-/holdfast/roles.sql}"
