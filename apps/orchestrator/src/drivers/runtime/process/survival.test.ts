import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chown, copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Runtime } from '../runtime.ts';
import { Ada, until } from '../suite/bench.ts';
import { createProcessRuntime, type ProcessRuntimeOptions } from './index.ts';
import { startedByRoot } from './owners.ts';
import { identify, readStat } from './proc.ts';
import type { ContainerRecord } from './records.ts';
import { KEEPER } from './scripts.ts';

interface Told {
  id: string;
  isolation: Runtime['isolation'];
  canPause: boolean;
  output: string;
}

let folder: string;
let options: ProcessRuntimeOptions;
let orchestrators: ChildProcess[];

beforeEach(async () => {
  orchestrators = [];
  folder = await mkdtemp(path.join(tmpdir(), 'rose-survival-'));
  await mkdir(path.join(folder, 'dist'));
  await copyFile(new URL('../suite/fixture-agent.mjs', import.meta.url), path.join(folder, 'dist/agent.mjs'));
  options = {
    installation: 'survival',
    dataDir: path.join(folder, 'data'),
    agentDir: path.join(folder, 'dist'),
    host: '127.0.0.1',
    extraCaFile: null,
    upstreamProxy: null,
  };
});

afterEach(async () => {
  for (const child of orchestrators) child.kill('SIGKILL');
  await clear();
  await rm(folder, { recursive: true, force: true });
});

/** An orchestrator of its own, in a process group of its own; what it told of its container. */
async function orchestrator(script = 'true', as: string[] = []): Promise<{ child: ChildProcess; told: Told }> {
  const program = [process.execPath, path.join(import.meta.dirname, 'orchestrator.fixture.ts')];
  const [command = '', ...rest] = [...as, ...program];
  const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  orchestrators.push(child);
  child.stdin.end(JSON.stringify({ ...options, script }));
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { child, told: JSON.parse(line) as Told };
}

async function killed(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exit = once(child, 'exit');
  process.kill(-(child.pid ?? 0), signal);
  await exit;
}

async function clear(): Promise<void> {
  const runtime = await createProcessRuntime(options);
  for (const { id } of await runtime.list()) await runtime.remove(id);
  for (const { volume } of await runtime.listVolumes()) await runtime.removeVolume(volume);
  await runtime[Symbol.asyncDispose]();
}

test.each(['SIGKILL', 'SIGINT'] as const)(
  'a container survives %s to the whole process group of its orchestrator; the next one adopts and stops it',
  async (signal) => {
    const { child, told } = await orchestrator('echo kept > note');
    await killed(child, signal);
    await using runtime = await createProcessRuntime(options);
    expect(await runtime.list()).toMatchObject([{ id: told.id, status: 'running' }]);
    const [info] = await runtime.list();
    if (!info) throw new Error('The container is gone.');
    expect(await new Ada(runtime, info, 'secret-1').output('cat note')).toBe('kept');
    await runtime.stop(told.id, 5);
    expect(await runtime.inspect(told.id)).toMatchObject({ status: 'exited', exitCode: 0 });
  },
);

test('a container whose keeper is killed is gone as a whole', async () => {
  const { child, told } = await orchestrator();
  await killed(child, 'SIGKILL');
  const { run } = await record(told.id);
  process.kill(run?.keeper.pid ?? 0, 'SIGKILL');
  await until(() => readStat(run?.agent?.pid ?? 0) === null);
  await using runtime = await createProcessRuntime(options);
  expect(await runtime.inspect(told.id)).toMatchObject({ status: 'exited', exitCode: null });
  await runtime.start(told.id);
});

test('a process that got the pid of a dead container is neither taken for it nor touched', async () => {
  const { child, told } = await orchestrator();
  await killed(child, 'SIGKILL');
  const bystander = spawn('sleep', ['60']);
  const found = await record(told.id);
  process.kill(found.run?.keeper.pid ?? 0, 'SIGKILL');
  await until(() => readStat(found.run?.agent?.pid ?? 0) === null);
  const pid = bystander.pid ?? 0;
  const real = identify(pid);
  const stale = { ...real, pid, startTicks: (real?.startTicks ?? 0) - 1, boot: real?.boot ?? '' };
  if (found.run) found.run = { ...found.run, keeper: stale, agent: stale };
  await writeFile(recordFile(told.id), JSON.stringify(found));
  await using runtime = await createProcessRuntime(options);
  expect(await runtime.inspect(told.id)).toMatchObject({ status: 'exited' });
  await runtime.stop(told.id, 1);
  await runtime.remove(told.id);
  expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
  bystander.kill();
});

test('a keeper whose orchestrator dies before it is noted starts nothing', async () => {
  const [shell = '', ...rest] = KEEPER;
  const keeper = spawn(shell, [...rest, folder, 'touch', path.join(folder, 'started')], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  keeper.stdin.end();
  expect(await once(keeper, 'exit')).toEqual([1, null]);
  expect(await readdir(folder)).not.toContain('started');
});

test('what a killed orchestrator left half made or half removed is cleared away at the next start', async () => {
  const { child, told } = await orchestrator();
  await killed(child, 'SIGKILL');
  const id = 'p9-0123456789ab';
  for (const left of [
    `run/${id}/in`,
    `run/${id}/out/deep`,
    `containers/${id}`,
    'volumes/.gone-1/workspace',
    'sandbox/trial-x/a',
  ]) {
    await mkdir(path.join(options.dataDir, left), { recursive: true });
  }
  await using runtime = await createProcessRuntime(options);
  expect((await runtime.list()).map((info) => info.id)).toEqual([told.id]);
  const names = async (name: string): Promise<string[]> => readdir(path.join(options.dataDir, name));
  expect(await names('run')).toEqual([told.id]);
  expect(await names('containers')).toEqual([told.id]);
  expect(await names('sandbox')).not.toContain('trial-x');
  await until(async () => (await names('volumes')).join() === 'project-1');
});

test('each project has a uid of its own, and its volume is closed to others', async ({ skip }) => {
  skip(!startedByRoot, 'only root can give uids');
  await using runtime = await createProcessRuntime(options);
  const uids = new Set<number>();
  for (const projectId of [1, 2]) {
    const limits = { memoryMiB: 256, cpus: 1, pids: 256 };
    const { id } = await runtime.create({
      projectId,
      volume: `project-${projectId}`,
      secret: 's',
      limits,
      environment: {},
    });
    await runtime.start(id);
    const { run } = await record(id);
    uids.add((await stat(`/proc/${run?.agent?.pid}`)).uid);
    const volume = await stat(path.join(options.dataDir, 'volumes', `project-${projectId}`));
    expect(uids).toContain(volume.uid);
    expect(volume.mode & 0o777).toBe(0o700);
  }
  expect(uids.size).toBe(2);
  expect(uids).not.toContain(0);
});

test('an ordinary user gets a sandbox too, and is told what is not enforced', async ({ skip }) => {
  skip(!startedByRoot, 'only root can become another user; the suite itself ran as one');
  const uid = 54_321;
  skip(!(await readableFor(uid)), 'the clone lies where another user cannot read it');
  const as = ['setpriv', '--reuid', `${uid}`, '--regid', `${uid}`, '--clear-groups', '--'];
  await chown(folder, uid, uid);
  const { child, told } = await orchestrator('id -u; ls -A /home; cat /proc/self/status | grep CapEff', as);
  expect(told.isolation.level).toBe('sandbox');
  expect(told.isolation.description).toContain('Not enforced: memory and CPU limits.');
  expect(told.canPause).toBe(true);
  expect(told.output).toBe('1000\ndev\nCapEff:\t0000000000000000');
  await killed(child, 'SIGKILL');
});

async function readableFor(uid: number): Promise<boolean> {
  const look = spawn('setpriv', ['--reuid', `${uid}`, '--clear-groups', 'test', '-r', import.meta.filename]);
  const [code] = (await once(look, 'exit')) as [number];
  return code === 0;
}

function recordFile(id: string): string {
  return path.join(options.dataDir, 'containers', id, 'record.json');
}

async function record(id: string): Promise<ContainerRecord> {
  return JSON.parse(await readFile(recordFile(id), 'utf8')) as ContainerRecord;
}
