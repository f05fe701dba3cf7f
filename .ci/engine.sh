# Sourced by .ci/run, as root on Debian: a container engine for the tests, and a base image for it.
#
#   engine_install   installs what is missing (apt lists must be fresh)
#   engine_start     uses the engine that answers, else starts one of its own; sets DOCKER_HOST then
#   engine_image     sets ROSE_BASE_IMAGE (needs `npm ci`)
#   engine_stop      stops the engine that engine_start started, and no other
#   in_engine_network COMMAND…   runs it where ports of containers are published

engine_folder=''

engine_answers() {
  timeout 10 docker version > /dev/null 2>&1
}

engine_install() {
  local packages=()
  # Also where an engine answers: a test starts one of its own, to kill it.
  command -v docker > /dev/null && command -v dockerd > /dev/null || packages+=(docker.io)
  command -v mmdebstrap > /dev/null || packages+=(mmdebstrap)
  if ((${#packages[@]} > 0)); then
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${packages[@]}"
  fi
}

engine_start() {
  if engine_answers; then return; fi
  engine_folder=$(mktemp -d /var/tmp/rose-engine.XXXXXX)
  # In a network namespace of its own: dev containers need no network, and an engine would change the
  # host's firewall, and the bridge of another engine that runs here.
  setsid unshare --net dockerd \
    --data-root "$engine_folder/data" --exec-root "$engine_folder/exec" \
    --pidfile "$engine_folder/pid" --host "unix://$engine_folder/docker.sock" \
    --bridge none --iptables=false \
    > "$engine_folder/log" 2>&1 < /dev/null &
  export DOCKER_HOST="unix://$engine_folder/docker.sock"
  local tries
  for ((tries = 0; tries < 120; tries++)); do
    if engine_answers; then raise_loopback && return; fi
    sleep 0.5
  done
  tail -n 50 "$engine_folder/log" >&2
  echo 'The container engine did not start within a minute.' >&2
  return 1
}

# raise_loopback   of the engine's own network namespace: ports of containers are published there.
raise_loopback() {
  in_engine_network unshare --mount sh -c 'mount -t sysfs sysfs /sys && echo 0x9 > /sys/class/net/lo/flags'
}

in_engine_network() {
  if [[ -z $engine_folder ]]; then "$@"; else nsenter --net="/proc/$(cat "$engine_folder/pid")/ns/net" "$@"; fi
}

engine_image() {
  ROSE_BASE_IMAGE=$(npm run --silent base-image | tail -n 1)
  export ROSE_BASE_IMAGE
}

engine_stop() {
  if [[ -z $engine_folder ]]; then return; fi
  local pid tries
  pid=$(cat "$engine_folder/pid" 2> /dev/null || true)
  if [[ -n $pid ]]; then
    # It stops its containers, and the containerd that it started.
    kill "$pid" 2> /dev/null || true
    for ((tries = 0; tries < 60; tries++)); do
      kill -0 "$pid" 2> /dev/null || break
      sleep 0.5
    done
    kill -9 "$pid" 2> /dev/null || true
  fi
  grep -F " $engine_folder/" /proc/self/mounts | cut -d ' ' -f 2 | sort -r | xargs -r umount || true
  rm -rf --one-file-system "$engine_folder" || true
  engine_folder=''
  unset DOCKER_HOST
}
