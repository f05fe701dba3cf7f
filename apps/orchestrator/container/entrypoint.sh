#!/bin/sh
# entrypoint.sh COMMAND…   of the orchestrator's image. Started by root it gives root up: COMMAND runs as uid 1000, with
# the group of the engine's socket beside its own. Only a socket that nobody but root may use keeps it root.
# Started as another user (compose: `user` and `group_add`) it leaves that as it is.
set -eu

if [ "$(id -u)" != 0 ]; then exec "$@"; fi

socket=${DOCKER_HOST:-unix:///var/run/docker.sock}
socket=${socket#unix://}
user=1000
group=1000
if [ -S "$socket" ]; then
  group=$(stat -c %g "$socket")
  if [ $((0$(stat -c %a "$socket") & 0060)) != $((0060)) ]; then
    echo "Only root may use $socket, so RoSE runs as root." >&2
    user=0
  fi
fi

# A fresh volume has this owner already. Not what lies below: dev containers write there.
for folder in "$ROSE_DATA_DIR" "$ROSE_DATA_DIR/run"; do
  if [ -d "$folder" ] && [ "$(stat -c %u "$folder")" != "$user" ]; then chown "$user:$user" "$folder"; fi
done

if [ "$user" = 0 ]; then exec "$@"; fi
exec setpriv --reuid="$user" --regid="$user" --groups="$group" --inh-caps=-all --no-new-privs -- "$@"
