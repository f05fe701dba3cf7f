# Sourced by .ci/run: RoSE as people start it, scripts/demo.ts against it, and its end.

ordinary_user=''

# tour RUNTIME [AS…]   in the current folder: npm start, the demo, SIGTERM to npm with a project that runs; AS… runs
# a command as somebody.
tour() {
  local runtime=$1 as=("${@:2}") folder pid url installation code=0
  folder=$("${as[@]}" mktemp -d "$PWD/.rose-tour.XXXXXX")
  ROSE_DATA_DIR="$folder/data" ROSE_PORT=0 ROSE_RUNTIME="$runtime" \
    setsid "${as[@]}" npm start > "$folder/out" 2> "$folder/log" &
  pid=$!
  tour_pid=$pid
  trap 'kill -TERM "$tour_pid" 2> /dev/null || true' EXIT
  url=$(ready_url "$pid" "$folder") && ROSE_URL=$url "${as[@]}" npm run demo && leave_running "$url" "$folder" "${as[@]}" || code=1
  installation=$(installation_of "$folder")
  stop_started "$pid" "$folder" || code=1
  clear_engine "$installation" || code=1
  if ((code != 0)); then tail -n 100 "$folder/log"; fi
  rm -rf --one-file-system "$folder"
  return "$code"
}

# leave_running URL FOLDER [AS…]   a project whose dev container runs, with work that is not saved.
leave_running() {
  local rose=("${@:3}" env ROSE_URL="$1" XDG_CONFIG_HOME="$2/config" npm run --silent rose --)
  "${rose[@]}" sign-up --email grace@example.org --name Grace --password-stdin <<< 'Grace keeps a long password' > /dev/null
  "${rose[@]}" project create harbour > /dev/null
  "${rose[@]}" exec harbour -- sh -c 'echo unsaved > notes.txt'
}

# ready_url PID FOLDER   waits for the one line on stdout and prints its address.
ready_url() {
  local tries
  for ((tries = 0; tries < 1200; tries++)); do
    if grep -q '^RoSE is ready at http' "$2/out"; then break; fi
    if ! kill -0 "$1" 2> /dev/null; then echo 'npm start ended before RoSE was ready.' >&2 && return 1; fi
    sleep 0.25
  done
  # Beside it npm says what it runs.
  if (($(grep -cvE '^(> .*)?$' "$2/out") != 1)); then
    echo 'npm start printed more than one line, or none within 5 minutes:' >&2
    cat "$2/out" >&2
    return 1
  fi
  sed -n 's/^RoSE is ready at //p' "$2/out"
}

# stop_started PID FOLDER   SIGTERM to npm alone: all must be gone within 10 s.
stop_started() {
  local tries left
  kill -TERM "$1"
  for ((tries = 0; tries < 100; tries++)); do
    if ! kill -0 "$1" 2> /dev/null; then break; fi
    sleep 0.1
  done
  if kill -0 "$1" 2> /dev/null; then
    echo 'RoSE did not stop within 10 s.' >&2
    kill -KILL -- "-$1"
    return 1
  fi
  left=$(started_in "$2")
  if [[ -z $left ]]; then return; fi
  echo 'RoSE left these running:' >&2
  # shellcheck disable=SC2086 # a list of process ids
  ps -o pid=,args= -p $left | cut -c 1-200 >&2
  # shellcheck disable=SC2086
  kill -KILL $left
  return 1
}

# started_in FOLDER   the processes whose command line or environment names a folder below it.
started_in() {
  # The pattern comes by a pipe, or grep would find itself.
  printf '%s/data' "$1" | grep -lsF -f - /proc/[0-9]*/cmdline /proc/[0-9]*/environ | cut -d / -f 3 | sort -nu
}

# installation_of FOLDER   by which an engine knows what the RoSE with this folder made there; nothing without any.
installation_of() {
  local container
  for container in $(docker ps -aq --filter label=rose.installation); do
    if [[ $(docker inspect "$container" 2> /dev/null || true) != *"$1/data"* ]]; then continue; fi
    docker inspect --format '{{index .Config.Labels "rose.installation"}}' "$container"
    return
  done
}

# clear_engine INSTALLATION   removes what it has at an engine that may go on running; containers are a failure.
clear_engine() {
  local containers
  if [[ -z $1 ]]; then return; fi
  containers=$(docker ps -aq --filter "label=rose.installation=$1")
  if [[ -n $containers ]]; then xargs docker rm -f <<< "$containers" > /dev/null; fi
  docker volume ls -q --filter "label=rose.installation=$1" | xargs -r docker volume rm > /dev/null
  if [[ -z $containers ]]; then return; fi
  echo 'RoSE left containers at the engine.' >&2
  return 1
}

# make_ordinary_user   one whose home is closed to others; sets ordinary_home, and as_ordinary_user to what runs a
# command as that user: without a shell or a session between, so that signals are for the program itself.
make_ordinary_user() {
  local name="rose-ci-$$"
  useradd --create-home --key HOME_MODE=0700 --shell /bin/bash "$name"
  ordinary_user=$name
  ordinary_home=$(getent passwd "$name" | cut -d : -f 6)
  as_ordinary_user=(setpriv --reuid="$name" --regid="$name" --init-groups env HOME="$ordinary_home" USER="$name")
}

remove_ordinary_user() {
  if [[ -z $ordinary_user ]]; then return; fi
  userdel --remove "$ordinary_user" 2> /dev/null
}
