#!/bin/bash
# Whether the orchestrator of this container can do its work. Without a program of its own: every few seconds one
# more node would cost more than the orchestrator.
set -eu
exec 3<> "/dev/tcp/127.0.0.1/$ROSE_PORT"
printf 'GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
read -r _ status _ <&3
[[ $status == 200 ]]
