# The first process of a sandbox that is made with util-linux alone: root of its user namespace, of
# which the agent's is a child. Finishes the namespaces, starts the agent without any right, reaps.
# inside HOSTNAME TMP_BYTES COMMAND...
set -eu
umask 022
hostname "$1"
mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t sysfs -o nosuid,nodev,noexec sysfs /tmp
echo 0x9 > /tmp/class/net/lo/flags
umount /tmp
mount -t tmpfs -o ro,nosuid,nodev,noexec,mode=0555,size=4k nothing /sys
mount -t devpts -o nosuid,noexec,newinstance,ptmxmode=0666,mode=620 devpts /dev/pts
mount -t tmpfs -o "nosuid,nodev,mode=1777,size=$2" shm /dev/shm
mount -t tmpfs -o "nosuid,nodev,mode=1777,size=$2" tmp /tmp
shift 2
# One: the agent's own, made below.
echo 1 > /proc/sys/user/max_user_namespaces
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro,nosuid,nodev,noexec /proc/sys
unshare --user --map-user=1000 --map-group=1000 --keep-caps -- \
  setpriv --no-new-privs --bounding-set=-all --inh-caps=-all --ambient-caps=-all -- "$@" &
exec 3>&-
code=0
wait "$!" || code=$?
exit "$code"
