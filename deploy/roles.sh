#!/bin/sh
# Run once by the database's image: the application gets a login that owns nothing (docs/audit.md).
set -eu
psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --set ON_ERROR_STOP=1 --set password="$APPLICATION_PASSWORD" <<'SQL'
CREATE ROLE kontor_app NOLOGIN;
CREATE ROLE kontor LOGIN PASSWORD :'password' IN ROLE kontor_app;
SQL
