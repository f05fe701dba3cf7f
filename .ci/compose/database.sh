#!/bin/bash
# The entrypoint of the stand-in for postgres:16: makes the cluster, and becomes its server.
set -eu
if [[ $(id -u) == 0 ]]; then exec setpriv --reuid=999 --regid=999 --clear-groups -- "$0"; fi
export PGDATA=/var/lib/postgresql/data
bin=/opt/postgresql/native/bin
if [[ ! -s $PGDATA/PG_VERSION ]]; then
  # shellcheck disable=SC2086 # several arguments
  "$bin/initdb" --username="$POSTGRES_USER" --pwfile=<(echo "$POSTGRES_PASSWORD") ${POSTGRES_INITDB_ARGS:-}
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
  "$bin/postgres" --single postgres <<< "CREATE DATABASE \"$POSTGRES_DB\""
fi
exec "$bin/postgres" -c listen_addresses='*' -c unix_socket_directories=/tmp
