#!/bin/sh
# Part of `npm ci`: the pinned Node needs a library that a bare Debian lacks. Says what to do, before anything
# else fails for it.
node --version > /dev/null && exit 0
echo 'The Node that RoSE pins does not start here; why stands above. On Debian: apt-get install libatomic1' >&2
exit 1
