import { existsSync } from 'node:fs';

/**
 * A login shell's profile is read first; Debian's forgets every directory of the PATH that it does
 * not know (~/.local/bin among them), so those are put back before the shell that people talk to.
 */
const LOGIN = `
IFS=:
for directory in $0; do
  case ":$PATH:" in *":$directory:"*) ;; *) PATH="$directory:$PATH" ;; esac
done
export PATH
unset IFS directory
exec "$SHELL"
`;

/** The shell for a terminal: bash, or sh where there is none. */
export function shellFor(env: Record<string, string>): { argv: [string, ...string[]]; env: Record<string, string> } {
  const bash = ['/bin/bash', '/usr/bin/bash', '/usr/local/bin/bash'].find((path) => existsSync(path));
  const shell = bash ?? '/bin/sh';
  return {
    argv: [shell, '-l', '-c', LOGIN, env.PATH ?? ''],
    env: { ...env, SHELL: shell, COLORTERM: 'truecolor' },
  };
}
