import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { xdgDirectory } from './local/xdg.ts';

/**
 * The stored sign-ins: a file for each URL, readable by nobody else. One file a URL, so that
 * two programs that sign in at once do not lose each other's.
 */

type Env = Record<string, string | undefined>;

interface SignIn {
  url: string;
  token: string;
}

/** The token stored for a URL; null when there is none. */
export function readSignIn(url: string, env: Env): string | null {
  try {
    const stored = JSON.parse(readFileSync(fileOf(url, env), 'utf8')) as Partial<SignIn>;
    return stored.url === url && typeof stored.token === 'string' ? stored.token : null;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

export function storeSignIn(signIn: SignIn, env: Env): void {
  const file = fileOf(signIn.url, env);
  const fresh = `${file}.${randomUUID()}`;
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  try {
    writeFileSync(fresh, `${JSON.stringify(signIn)}\n`, { mode: 0o600, flag: 'wx' });
    renameSync(fresh, file);
  } finally {
    rmSync(fresh, { force: true });
  }
}

export function forgetSignIn(url: string, env: Env): void {
  rmSync(fileOf(url, env), { force: true });
}

function fileOf(url: string, env: Env): string {
  const { host } = new URL(url);
  const name = `${host.replaceAll(/[^a-z0-9.-]/g, '_').slice(0, 100)}-${createHash('sha256').update(url).digest('hex').slice(0, 16)}`;
  return path.join(xdgDirectory(env, 'CONFIG'), 'rose', 'sign-ins', `${name}.json`);
}
