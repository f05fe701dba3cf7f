# Closes what was inherited by mistake, joins the cgroups of a dev container, then becomes its sandbox.
# join FOLDER... -- COMMAND...
set -eu
for descriptor in /proc/self/fd/*; do
  descriptor=${descriptor##*/}
  if ((descriptor > 3)); then exec {descriptor}>&-; fi
done
while [ "$1" != -- ]; do
  echo 0 > "$1/cgroup.procs"
  shift
done
shift
exec "$@"
