import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createRoseClient, type RoseClient } from '@rose/client/node';
import type { Project } from '@rose/contract';
import { testDatabase } from '@rose/testing';
import { expect, it } from 'vitest';
import { readConfig, type Config } from '../config.ts';
import { Attendant } from './attendant.ts';
import { ContainersRepository } from './containers-repository.ts';
import { createLog, run, type Orchestrator } from '../main.ts';

const MAIN = path.resolve(import.meta.dirname, '../main.ts');

/** An installation that outlives its orchestrators. */
async function installation(): Promise<AsyncDisposable & { config: Config }> {
  await using parts = new AsyncDisposableStack();
  const dataDir = await mkdtemp(path.join(tmpdir(), 'rose-shut-'));
  parts.defer(() => rm(dataDir, { recursive: true, force: true }));
  const database = parts.use(await testDatabase());
  const config = readConfig({
    DATABASE_URL: database.url,
    ROSE_DATA_DIR: dataDir,
    ROSE_RUNTIME: 'process',
    ROSE_PORT: '0',
  });
  const owned = parts.move();
  return { config, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const start = (config: Config): Promise<Orchestrator> => run(config, { log: createLog('silent') });

const grace = { email: 'grace@example.org', name: 'Grace', password: 'Grace keeps a long password' };

async function withProject({ url }: { url: string }): Promise<{ rose: RoseClient; project: Project }> {
  const rose = createRoseClient({ url });
  await rose.accounts.signUp.mutate(grace);
  return { rose, project: await rose.projects.create.mutate({ name: 'harbour' }) };
}

async function signedIn({ url }: { url: string }): Promise<RoseClient> {
  const rose = createRoseClient({ url });
  await rose.accounts.signIn.mutate({ email: grace.email, password: grace.password });
  return rose;
}

it('an orchestrator that stops keeps unsaved work as a checkpoint and leaves no dev container', async () => {
  await using place = await installation();
  const first = await start(place.config);
  const { rose, project } = await withProject(first);
  await rose.workspace(project.id).run(['bash', '-c', 'echo unsaved > notes.txt']);
  expect(await first.context.runtime.list()).toHaveLength(1);
  await first[Symbol.asyncDispose]();

  await using second = await start(place.config);
  const again = await signedIn(second);
  expect(await second.context.runtime.list()).toEqual([]);
  expect(await again.projects.get.query({ projectId: project.id })).toMatchObject({ state: 'asleep' });
  const [version] = await again.versions.list.query({ projectId: project.id });
  expect(version).toMatchObject({ kind: 'on-stop', active: true, files: 1 });
});

it('a dev container that a killed orchestrator left is ended by the next stop, used or not', async () => {
  await using place = await installation();
  await killedAfter(place.config, withProject);
  const second = await start(place.config);
  expect(await second.context.runtime.list()).toMatchObject([{ status: 'running' }]);
  await second[Symbol.asyncDispose]();

  await using third = await start(place.config);
  expect(await third.context.runtime.list()).toEqual([]);
});

it('an orchestrator whose installation another one took over leaves the dev containers to it', async () => {
  await using place = await installation();
  const told = Promise.withResolvers<Error>();
  const first = await run(place.config, { log: createLog('silent'), onFault: told.resolve });
  await withProject(first);
  const { pool } = first.context.database;
  const holder = `SELECT pid, classid, objid FROM pg_locks JOIN pg_database ON database = pg_database.oid
    WHERE datname = current_database() AND locktype = 'advisory' AND objsubid = 2 AND granted`;
  const { rows } = await pool.query<{ pid: number; classid: number; objid: number }>(holder);
  const [held] = rows;
  const other = await pool.connect();
  const taken = other.query('SELECT pg_advisory_lock($1, $2)', [held?.classid, held?.objid]);
  await pool.query('SELECT pg_terminate_backend($1)', [held?.pid]);
  await taken;
  expect(await told.promise).toMatchObject({ code: 'BUSY' });
  other.release(true);
  await first[Symbol.asyncDispose]();

  await using second = await start(place.config);
  expect(await second.context.runtime.list()).toMatchObject([{ status: 'running' }]);
});

it('a dev container that a killed orchestrator left is looked after by the next one, used or not', async () => {
  await using place = await installation();
  await killedAfter(place.config, withProject);
  await using second = await start(place.config);
  const { containers, settings } = second.context.services;
  expect(containers.awake()).toEqual([]);
  const attendant = new Attendant({
    containers,
    left: await new ContainersRepository(second.context.database.prisma).withContainer(),
    settingsOf: (id) => settings.effectiveProjectSettings(id),
    autoSave: async () => {},
    log: createLog('silent'),
  });
  await attendant.round();
  expect(containers.awake()).toHaveLength(1);
});

it('a dev container with the agent of an earlier build is taken over, and replaced at its next use with its work kept', async () => {
  await using place = await installation();
  await killedAfter(place.config, async (at) => {
    const { rose, project } = await withProject(at);
    await rose.workspace(project.id).run(['bash', '-c', 'echo unsaved > notes.txt']);
  });
  const records = path.join(place.config.dataDir, 'containers');
  const [id] = await readdir(records);
  const file = path.join(records, id!, 'record.json');
  await writeFile(file, (await readFile(file, 'utf8')).replace(/"agentBuild":"\w+"/, '"agentBuild":"earlier"'));

  await using second = await start(place.config);
  const { containers } = second.context.services;
  const [project] = await (await signedIn(second)).projects.list.query();
  const { containerId } = await containers.project(project!.id);
  await containers.care.adopt(project!.id, containerId!);
  await containers.wakeQuietly(project!.id);
  expect((await containers.project(project!.id)).containerId).toBe(containerId);

  const rose = await signedIn(second);
  const read = (): Promise<unknown> => rose.workspace(project!.id).files.read.query({ path: 'notes.txt' });
  for (const { content } of (await Promise.all([read(), read(), read()])) as { content: string }[])
    expect(content).toBe('unsaved\n');
  expect(await second.context.runtime.list()).toMatchObject([{ status: 'running' }]);
  expect((await containers.project(project!.id)).containerId).not.toBe(containerId);
  expect(await rose.versions.list.query({ projectId: project!.id })).toMatchObject([{ kind: 'on-stop', files: 1 }]);
});

it('an agent that hangs holds a stop up for a few seconds only, and its volume keeps the work', async () => {
  await using place = await installation();
  const first = await start(place.config);
  const { rose, project } = await withProject(first);
  const freeze = rose.workspace(project.id).run(['bash', '-c', 'echo unsaved > notes.txt; kill -STOP $PPID']);
  freeze.catch(() => {});
  await expect.poll(() => answers(rose, project.id), { timeout: 20_000 }).toBe(false);
  const since = performance.now();
  await first[Symbol.asyncDispose]();
  expect(performance.now() - since).toBeLessThan(9500);

  await using second = await start(place.config);
  const again = await signedIn(second);
  expect(await second.context.runtime.list()).toEqual([]);
  expect(await again.workspace(project.id).files.read.query({ path: 'notes.txt' })).toMatchObject({ size: 8 });
});

async function answers(rose: RoseClient, projectId: number): Promise<boolean> {
  const asked = rose.workspace(projectId).files.list.query({ path: '' }, { signal: AbortSignal.timeout(1000) });
  return await asked.then(
    () => true,
    () => false,
  );
}

/** An orchestrator in a process of its own, and its death by kill -9 when `work` is done. */
async function killedAfter(config: Config, work: (rose: { url: string }) => Promise<unknown>): Promise<void> {
  const env = {
    PATH: process.env['PATH'],
    DATABASE_URL: config.databaseUrl ?? '',
    ROSE_DATA_DIR: config.dataDir,
    ROSE_RUNTIME: config.runtime,
    ROSE_PORT: '0',
  };
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'exit');
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    await work({ url: String(line).trim().split(' ').at(-1) ?? '' });
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}
