# The one process of a dev container that lives outside of its sandbox: starts it, bounds its log,
# notes its exit code. It outlives the orchestrator; the sandbox never outlives it.
# keeper FOLDER COMMAND...
set -u
umask 077
# Nobody would know of a sandbox whose keeper the orchestrator had no time to note.
read -r _ || exit 1
exec < /dev/null
cd "$1" || exit 1
shift
rm -f exit pipe
mkfifo pipe || exit 1
# Unbuffered, so that the last words are there; at most 512 KiB, whatever the sandbox writes.
while :; do
  [ ! -s log ] || mv log log.old
  dd bs=512 count=512 2> /dev/null > log
  [ -s log ] || break
done < pipe 3>&- &
exec > pipe 2>&1
rm pipe
"$@"
echo "$?" > exit.new
mv exit.new exit
# Until the last words are in the log.
exec > /dev/null 2>&1
wait
