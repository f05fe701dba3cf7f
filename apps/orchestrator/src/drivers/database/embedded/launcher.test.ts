import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempDisposableSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, expect, test } from 'vitest';
import { installedBinaries } from './binaries.ts';
import { chooseIdentity } from './identity.ts';
import { findLauncher, type Launcher } from './launcher.ts';

const isRoot = process.getuid?.() === 0;

/** The installed package again, without the links that an install script would have made. */
let bare: string;

beforeAll(() => {
  const directory = mkdtempDisposableSync(path.join(tmpdir(), 'rose-bare-'));
  bare = path.join(directory.path, 'platform');
  cpSync(path.dirname(installedBinaries()), bare, { recursive: true, verbatimSymlinks: true });
  for (const { target } of linksOf(path.join(bare, 'native'))) rmSync(path.join(bare, target), { force: true });
  return () => directory.remove();
});

/** Installs it in a home directory; the files are shared, the directories are not. */
function installIn(home: string): { native: string; state: string } {
  const platform = path.join(home, 'platform');
  execFileSync('cp', ['--archive', '--link', bare, platform]);
  const state = path.join(home, 'state');
  mkdirSync(state);
  chmodSync(state, 0o711);
  return { native: path.join(platform, 'native'), state };
}

const linksOf = (native: string) =>
  JSON.parse(readFileSync(path.join(native, 'pg-symlinks.json'), 'utf8')) as { target: string }[];

async function versionOf(launcher: Launcher): Promise<string> {
  const child = launcher.spawn('initdb', ['--version'], ['ignore', 'pipe', 'ignore']);
  if (child.stdout === null) throw new Error('initdb has no output.');
  const [said] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return said;
}

const home = () => mkdtempDisposableSync(path.join(tmpdir(), 'rose-home-'));

test('the binaries run below a home of mode 0700, which stays closed, without an install script', async () => {
  using directory = home();
  const { native, state } = installIn(directory.path);
  const launcher = findLauncher(state, chooseIdentity(path.join(state, 'data')), native);
  expect(await versionOf(launcher)).toContain('(PostgreSQL) 16.');
  expect(readdirSync(state)).toEqual([]);
});

test.skipIf(!isRoot)('a clone whose files only root can read is served by a copy (needs root)', async () => {
  using directory = home();
  const { native, state } = installIn(directory.path);
  chmodSync(path.join(native, 'bin'), 0o700);
  const launcher = findLauncher(state, chooseIdentity(path.join(state, 'data')), native);
  expect(await versionOf(launcher)).toContain('(PostgreSQL) 16.');
  expect(readdirSync(state)).toEqual(['postgresql-16.14.0-beta.17']);
});

test('binaries that do not run are reported with what to do instead', () => {
  using directory = home();
  const { native, state } = installIn(directory.path);
  rmSync(path.join(native, 'lib/libcrypto.so.1.1'));
  expect(() => findLauncher(state, null, native)).toThrow(/libcrypto[^]*Set DATABASE_URL/);
});
