# Sourced by .ci/run: runs its stages, times them, and says at the end how they went.

passed=0
failed=0
stage_times=()
current=''
tests_report="${TMPDIR:-/tmp}/rose-ci-tests.$$.json"

# need NAME COMMAND…   in this shell, so that it may export; when it fails, all ends.
need() {
  begin_stage "$1"
  "${@:2}"
  end_stage passed
}

# stage NAME COMMAND…   in a shell of its own; when it fails, the others still run.
stage() {
  local code=0
  begin_stage "$1"
  # As a condition (`if`, `||`) the command would run on after its own failures.
  set +e
  (set -e && trap - EXIT && "${@:2}")
  code=$?
  set -e
  if ((code == 0)); then end_stage passed; else end_stage failed; fi
}

begin_stage() {
  current=$1
  stage_since=$SECONDS
  printf '\n=== %s\n' "$current"
}

end_stage() {
  stage_times+=("$(printf '%5d s  %-6s  %s' $((SECONDS - stage_since)) "$1" "$current")")
  current=''
  if [[ $1 == passed ]]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

# report CODE   the sum of stages and tests as the last line; ends the shell.
report() {
  local code=$1 tests=(0 0)
  if [[ -n $current ]]; then end_stage failed; fi
  if [[ -s $tests_report ]]; then
    read -ra tests < <(test_counts "$tests_report")
    rm -f "$tests_report"
  fi
  printf '\n'
  printf '%s\n' "${stage_times[@]}"
  printf '%5d s in all\n' "$SECONDS"
  failed=$((failed + tests[1]))
  if ((failed == 0 && code != 0)); then failed=1; fi
  printf '%d passed, %d failed\n' $((passed + tests[0])) "$failed"
  exit $((failed > 0 ? 1 : 0))
}

test_counts() {
  node -e 'const r = JSON.parse(require("fs").readFileSync(process.argv[1])); console.log(r.numPassedTests, r.numFailedTests)' "$1"
}
