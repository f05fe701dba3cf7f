import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

const GRACE_MS = 1000;
const LOOK_MS = 20;

/** Hangs up on every process of a session, as a terminal that is closed does, and ends those who stay. */
export async function endSession(session: number): Promise<void> {
  signal(session, 'SIGHUP');
  // A stopped process acts on no other signal.
  signal(session, 'SIGCONT');
  for (const until = Date.now() + GRACE_MS; membersOf(session).length > 0; await wait(LOOK_MS)) {
    if (Date.now() > until) return signal(session, 'SIGKILL');
  }
}

function signal(session: number, name: NodeJS.Signals): void {
  for (const pid of membersOf(session)) {
    try {
      process.kill(pid, name);
    } catch {
      // It is gone by itself, or became another user's.
    }
  }
}

/** Zombies are not counted: nothing is left to end. */
function membersOf(session: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && sessionOf(name) === session)
    .map(Number);
}

/** proc_pid_stat(5): after the name, which may hold anything, come state, parent, group and session. */
function sessionOf(pid: string): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, , , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? null : Number(session);
  } catch {
    return null;
  }
}
