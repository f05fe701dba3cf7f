import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';

/** Whether a process exists and is more than a zombie that nobody has waited for. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it exists, as another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  try {
    // After the name in parentheses, which may hold anything, comes the state.
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return process.platform !== 'linux';
  }
}

/**
 * Whether a process is a PostgreSQL on exactly this data directory: a process id in a file may have
 * been given to another program since. A server's working directory is its data, under whatever name it sees it.
 */
export function isServerOn(pid: number, data: string): boolean {
  if (!isRunning(pid)) return false;
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
    if (!command.includes('postgres')) return false;
    try {
      const [cwd, directory] = [statSync(`/proc/${pid}/cwd`), statSync(data)];
      return cwd.dev === directory.dev && cwd.ino === directory.ino;
    } catch {
      // Root without CAP_SYS_PTRACE (in a container) may only read the command line.
      return command.split('\0').includes(data);
    }
  } catch {
    if (process.platform === 'linux') return false;
    const ps = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8', timeout: 5000 });
    return ps.status === 0 && ps.stdout.includes('postgres') && ps.stdout.includes(data);
  }
}

/** Every process of a server on this data directory. Empty where /proc does not tell. */
export function serverProcesses(data: string): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isServerOn(pid, data));
}

/** Sends a signal; a process that is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
