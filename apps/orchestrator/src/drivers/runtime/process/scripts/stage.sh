# Run in a mount namespace of its own: moves into a root that holds nothing but what is named.
# stage FOLDER {read-only SOURCE TARGET | writable SOURCE TARGET | link TO TARGET | directory - TARGET}... -- COMMAND...
set -eu
umask 022
root=$1
shift
mount -t tmpfs -o mode=0755,size=1m,nosuid,nodev rose "$root"
cd "$root"

# A bind of its own can only be made over something.
place() {
  if [ -d "$1" ]; then mkdir -p ".$2"; else
    mkdir -p ".${2%/*}"
    [ -e ".$2" ] || : > ".$2"
  fi
}
# Without a user namespace of the host's mounts the plain bind is enough; inside one, folders with
# mounts below can only be bound with them.
bind() {
  place "$1" "$2"
  mount --bind "$1" ".$2" 2> /dev/null || mount --rbind "$1" ".$2"
}
# Flags that the host has set may not be taken away in a user namespace, so noexec is tried too.
flags() {
  mount -o "remount,bind,nosuid,nodev,$1" ".$2" 2> /dev/null || mount -o "remount,bind,nosuid,nodev,noexec,$1" ".$2"
}

while [ "$1" != -- ]; do
  case $1 in
    read-only) bind "$2" "$3" && flags ro "$3" ;;
    writable) bind "$2" "$3" && flags rw "$3" ;;
    link) mkdir -p ".${3%/*}" && ln -s "$2" ".$3" ;;
    directory) mkdir -p ".$3" ;;
  esac
  shift 3
done
shift

# The kernel lets a user namespace mount a new /proc and /sys only where it sees whole ones.
for tree in /proc /sys; do
  mkdir ".$tree"
  mount --rbind "$tree" ".$tree"
done
mkdir tmp outside dev dev/pts dev/shm
for device in null zero full random urandom tty; do
  place "/dev/$device" "/dev/$device"
  mount --bind "/dev/$device" "./dev/$device"
done
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr

pivot_root . outside
cd /
umount -l /outside
rmdir /outside
mount -o remount,bind,ro,nosuid,nodev /
exec "$@"
