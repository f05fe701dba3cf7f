import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { createRoseClient } from '@rose/client/node';
import { ask, testDatabase } from '@rose/testing';
import { afterEach, expect, it } from 'vitest';

const MAIN = path.join(import.meta.dirname, 'main.ts');
const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

/** The program as `npm start` runs it. */
function start(environment: Record<string, string>): ChildProcess & { stdout: NonNullable<ChildProcess['stdout']> } {
  const env = { PATH: process.env['PATH'], ROSE_PORT: '0', LOG_LEVEL: 'info', ...environment };
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  return child;
}

async function temporary(): Promise<AsyncDisposable & { path: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'rose-main-'));
  return { path: folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

it('prints one line when it can serve, and SIGTERM ends it in good order', async () => {
  await using database = await testDatabase();
  await using folder = await temporary();
  const rose = start({ DATABASE_URL: database.url, ROSE_DATA_DIR: folder.path });
  const [line] = (await once(rose.stdout, 'data')) as [Buffer];
  const url = /^RoSE is ready at (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(String(line))?.[1];
  expect((await ask(`${url}/readyz`)).status).toBe(200);

  const rest = text(rose.stdout);
  const since = performance.now();
  rose.kill('SIGTERM');
  const [code] = (await once(rose, 'exit')) as [number | null];
  expect(code).toBe(0);
  expect(performance.now() - since).toBeLessThan(10_000);
  expect(await rest).toBe('');
});

it('a configuration that cannot work ends it with a sentence that names the variable', async () => {
  const rose = start({ ROSE_PORT: 'many' });
  const errors = text(rose.stderr as NonNullable<ChildProcess['stderr']>);
  const [code] = (await once(rose, 'exit')) as [number | null];
  expect(code).toBe(1);
  expect((await errors).trimEnd().split('\n').at(-1)).toMatch(/ROSE_PORT/);
});

it('a second one on the same data directory ends with a sentence, and leaves the first one alone', async () => {
  await using database = await testDatabase();
  await using folder = await temporary();
  const environment = { DATABASE_URL: database.url, ROSE_DATA_DIR: folder.path };
  const first = start(environment);
  const [line] = (await once(first.stdout, 'data')) as [Buffer];
  const second = start(environment);
  const errors = text(second.stderr as NonNullable<ChildProcess['stderr']>);
  const [code] = (await once(second, 'exit')) as [number | null];
  expect(code).toBe(1);
  expect((await errors).trimEnd().split('\n').at(-1)).toMatch(/^Another RoSE|^[^{].*data directory/);
  const url = String(line).trim().split(' ').at(-1);
  expect((await ask(`${url}/readyz`)).status).toBe(200);
});

it('a second one on the same database ends with a sentence, whatever its data directory, and takes no container', async () => {
  await using database = await testDatabase();
  await using folder = await temporary();
  await using other = await temporary();
  const environment = { DATABASE_URL: database.url, ROSE_RUNTIME: 'process' };
  const first = start({ ...environment, ROSE_DATA_DIR: folder.path });
  const [line] = (await once(first.stdout, 'data')) as [Buffer];
  const rose = createRoseClient({ url: String(line).trim().split(' ').at(-1) ?? '' });
  await rose.accounts.signUp.mutate({ email: 'ada@example.org', name: 'Ada', password: 'Ada keeps a long password' });
  const { id: projectId } = await rose.projects.create.mutate({ name: 'harbour' });
  const second = start({ ...environment, ROSE_DATA_DIR: other.path });
  const errors = text(second.stderr as NonNullable<ChildProcess['stderr']>);
  const [code] = (await once(second, 'exit')) as [number | null];
  expect(code).toBe(1);
  expect((await errors).trimEnd().split('\n').at(-1)).toMatch(
    new RegExp(`^Another orchestrator \\(process ${first.pid} on .+\\) works on this database\\.`),
  );
  expect(await rose.containers.status.query({ projectId })).toMatchObject({ state: 'running' });
  expect((await rose.workspace(projectId).run(['true'])).code).toBe(0);
  const ended = once(first, 'exit');
  first.kill('SIGTERM');
  await ended;
});
