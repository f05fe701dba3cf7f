# The last step into a dev container: takes on the environment, tells its process id, becomes the agent.
# start OUT ENVIRONMENT COMMAND...
set -eu
umask 022
. "$2"
cd "$ROSE_HOME"
unset OLDPWD
echo "$$" >&3
exec 3>&-
# Without a sandbox the path of agent.sock may be too long for the kernel; this one never is.
case $ROSE_AGENT_SOCKET in /proc/self/fd/9/*) exec 9< "$1" ;; esac
shift 2
exec "$@"
