import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** For tests: another process that holds a database open. */
export interface Owner extends AsyncDisposable {
  url: string;
  end(signal: NodeJS.Signals): Promise<void>;
}

const FIXTURE = path.join(import.meta.dirname, 'owner.fixture.ts');

/** @param uid the user to run as, when this process is root. @throws what the process said when it could not open. */
export async function spawnOwner(dataDir: string, uid?: number): Promise<Owner> {
  const [file, args] = commandAs(uid, process.execPath, FIXTURE, dataDir);
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)));
  const exited = once(child, 'exit');
  const ready = once(createInterface({ input: child.stdout }), 'line');
  const first = await Promise.race([ready, exited.then(() => null)]);
  if (first === null) throw new Error(said);
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await exited;
  };
  return { url: String(first[0]), end, [Symbol.asyncDispose]: () => end('SIGTERM') };
}

/** Whether a user may run this code at all: a clone in root's home is closed to others. */
export function mayRun(uid: number): boolean {
  const [file, args] = commandAs(uid, 'test', '-r', FIXTURE, '-a', '-x', process.execPath);
  return spawnSync(file, args, { timeout: 5000 }).status === 0;
}

function commandAs(uid: number | undefined, file: string, ...args: string[]): [file: string, args: string[]] {
  if (uid === undefined) return [file, args];
  return ['setpriv', ['--reuid', `${uid}`, '--regid', `${uid}`, '--clear-groups', file, ...args]];
}
