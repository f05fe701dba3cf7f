import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { RoseError } from '@rose/contract';
import { freePort } from './free-port.ts';
import { ROLE, writeConnection } from './connection-file.ts';
import type { Identity } from './identity.ts';
import type { Launcher } from './launcher.ts';

const INITDB_MS = 120_000;
/** Where a cluster grows until it is whole. A name is never used twice: a killed start may have left an initdb at work. */
const MAKING = 'making-cluster-';

export interface Initialisation {
  /** Directory of ours; the cluster becomes its subdirectory `data`. */
  state: string;
  identity: Identity | null;
  launcher: Launcher;
  /** false: for tests, nothing is synced to the disk. */
  isDurable: boolean;
  signal?: AbortSignal;
}

/** Makes the cluster unless it is there. It appears by one rename: what a killed initdb left is made anew. */
export async function initialise({ state, identity, launcher, isDurable, signal }: Initialisation): Promise<void> {
  if (existsSync(path.join(state, 'data'))) return;
  const making = mkdtempSync(path.join(state, MAKING));
  const password = randomBytes(24).toString('hex');
  const passwordFile = path.join(making, 'password');
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (identity !== null) {
    chownSync(making, identity.uid, identity.gid);
    chownSync(passwordFile, identity.uid, identity.gid);
  }
  const seen = path.join(launcher.state, path.basename(making));
  const secrecy = [`--username=${ROLE}`, '--auth=scram-sha-256', `--pwfile=${seen}/password`];
  const flags = [
    '--encoding=UTF8',
    '--locale=C',
    '--no-instructions',
    ...(isDurable ? [] : ['--no-sync', '--wal-segsize=1']),
  ];
  await run(launcher, [`--pgdata=${seen}/data`, ...secrecy, ...flags], signal);
  // The connection first: a cluster without its password would be of no use.
  writeConnection(state, { port: await freePort(), password });
  renameSync(path.join(making, 'data'), path.join(state, 'data'));
  for (const name of readdirSync(state).filter((entry) => entry.startsWith(MAKING))) {
    rmSync(path.join(state, name), { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}

async function run(launcher: Launcher, args: string[], signal?: AbortSignal): Promise<void> {
  const child = launcher.spawn('initdb', args, ['ignore', 'ignore', 'pipe']);
  const limit = AbortSignal.any([AbortSignal.timeout(INITDB_MS), ...(signal === undefined ? [] : [signal])]);
  const kill = () => child.kill('SIGKILL');
  limit.addEventListener('abort', kill);
  try {
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('close', (code, by) => resolve(code === 0 ? '' : `it ended with ${code ?? by}`));
    });
    // initdb says a few lines at most.
    const [failure, said] = await Promise.all([ended, child.stderr === null ? '' : text(child.stderr).catch(() => '')]);
    limit.throwIfAborted();
    if (failure === '') return;
    throw new RoseError(
      'DATABASE_UNAVAILABLE',
      `The embedded PostgreSQL could not be set up: ${failure}. ${said.trim().slice(-1000)}\n` +
        'Repair that, or set DATABASE_URL to a PostgreSQL 16.',
    );
  } finally {
    limit.removeEventListener('abort', kill);
  }
}
