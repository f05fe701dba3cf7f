# Run inside a sandbox that is being tried: it is used only if what it promises is true.
refuse() {
  echo "$1"
  exit 1
}
grep -q '^CapEff:[[:space:]]*0000000000000000$' /proc/self/status || refuse 'its processes keep capabilities'
grep -q '^NoNewPrivs:[[:space:]]*1$' /proc/self/status || refuse 'its processes can gain privileges'
if unshare --user true 2> /dev/null; then refuse 'it can nest user namespaces'; fi
if (: >> /proc/sys/kernel/panic) 2> /dev/null; then refuse 'it can change the settings of the kernel'; fi
if (: > /probe) 2> /dev/null; then refuse 'its root can be written'; fi
grep -q '127\.0\.0\.1' /proc/net/fib_trie || refuse 'it has no loopback'
[ "$(wc -l < /proc/net/route)" -le 1 ] || refuse 'it reaches a network of the host'
[ "$$" -lt 100 ] || refuse 'it sees processes of the host'
(: > "$HOME/probe") || refuse 'its home cannot be written'
rm "$HOME/probe"
"$1" --version > /dev/null || refuse 'Node does not start'
echo works
