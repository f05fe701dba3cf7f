import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ContainerInfo, Runtime } from '../runtime.ts';
import { Ada, until } from '../suite/bench.ts';
import { createProcessRuntime, type ProcessRuntimeOptions } from './index.ts';
import { readStat } from './proc.ts';

let folder: string;
let options: ProcessRuntimeOptions;
let runtime: Runtime | null;

beforeEach(async () => {
  runtime = null;
  folder = await mkdtemp(path.join(tmpdir(), 'rose-making-'));
  const agentDir = path.join(folder, 'dist');
  await mkdir(agentDir);
  await cp(new URL('../suite/fixture-agent.mjs', import.meta.url), path.join(agentDir, 'agent.mjs'));
  options = {
    installation: 'making',
    dataDir: path.join(folder, 'data'),
    agentDir,
    host: '127.0.0.1',
    extraCaFile: null,
    upstreamProxy: null,
  };
});

afterEach(async () => {
  for (const { id } of (await runtime?.list()) ?? []) await runtime?.remove(id);
  for (const { volume } of (await runtime?.listVolumes()) ?? []) await runtime?.removeVolume(volume);
  await runtime?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function open(changes: Partial<ProcessRuntimeOptions> = {}): Promise<Runtime> {
  await runtime?.[Symbol.asyncDispose]();
  runtime = await createProcessRuntime({ ...options, ...changes });
  return runtime;
}

function make(environment: Record<string, string>): Promise<ContainerInfo> {
  if (runtime === null) throw new Error('No runtime.');
  const limits = { memoryMiB: 256, cpus: 1, pids: 256 };
  return runtime.create({ projectId: 7, volume: 'ada', secret: 'secret', limits, environment });
}

async function start(environment: Record<string, string> = {}): Promise<Ada> {
  return started(await make(environment));
}

async function started(info: ContainerInfo): Promise<Ada> {
  if (runtime === null) throw new Error('No runtime.');
  await runtime.start(info.id);
  const ada = new Ada(runtime, info, 'secret');
  await ada.answers();
  return ada;
}

test('without a sandbox RoSE serves on a loopback host only', async () => {
  await expect(open({ way: 'none', host: '0.0.0.0' })).rejects.toMatchObject({
    code: 'RUNTIME_UNAVAILABLE',
    message: expect.stringContaining('loopback ROSE_HOST') as string,
  });
  expect((await open({ way: 'none' })).isolation.level).toBe('none');
});

test('without a sandbox a data directory deeper than a socket path may be serves too', async () => {
  await open({ way: 'none', dataDir: path.join(folder, 'deep'.repeat(40)) });
  const ada = await start();
  expect(await ada.ticks()).toBeGreaterThanOrEqual(0);
  await runtime?.remove(ada.id);
});

test('an agent that was not built and certificates that are not there are named at the start', async () => {
  await expect(open({ agentDir: path.join(folder, 'nothing') })).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' });
  await expect(open({ extraCaFile: path.join(folder, 'no.pem') })).rejects.toThrow('no.pem');
});

test('certificates of the installation are trusted beside those of the system', async () => {
  const extraCaFile = path.join(folder, 'extra.pem');
  await writeFile(extraCaFile, 'of the installation\n', { mode: 0o600 });
  await open({ extraCaFile });
  const ada = await start();
  for (const name of ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'GIT_SSL_CAINFO', 'CURL_CA_BUNDLE']) {
    expect(await ada.output(`head -1 "$${name}"`), name).toBe('of the installation');
  }
});

test('variables that a shell keeps for itself do not stop the agent, and paths of RoSE cannot be changed', async () => {
  await open();
  const ada = await start({ UID: '0', OPTIND: '7', IFS: '/', ROSE_HOME: '/tmp', PATH: '/usr/bin:/bin', EMPTY: '' });
  expect(await ada.output('echo "$ROSE_HOME $PATH [${EMPTY-unset}]"')).toBe('/home/dev /usr/bin:/bin []');
});

test('a container keeps the agent that it was made with when another is built', async () => {
  await open();
  const ada = await start();
  const old = ada.info.agentBuild;
  await writeFile(path.join(options.agentDir, 'other.mjs'), '// a new build');
  const next = await open();
  expect(await next.inspect(ada.id)).toMatchObject({ agentBuild: old, status: 'running' });
  await next.stop(ada.id, 5);
  const again = await started(ada.info);
  expect(await again.output('ls /opt/rose/agent')).toBe('agent.mjs');
  await next.remove(ada.id);
  const fresh = await start();
  expect(fresh.info.agentBuild).not.toBe(old);
  expect(await fresh.output('ls /opt/rose/agent')).toBe('agent.mjs\nother.mjs');
});

test('a workspace that locks itself out by chmod starts again', async () => {
  await open();
  const ada = await start();
  await ada.output('chmod 0 /home/dev');
  await runtime?.stop(ada.id, 5);
  expect(await (await started(ada.info)).ticks()).toBeGreaterThanOrEqual(0);
});

test('an agent that cannot start leaves a container that has ended, and its log says why', async () => {
  await writeFile(path.join(options.agentDir, 'agent.mjs'), "throw new Error('broken on purpose')");
  await open();
  const info = await make({});
  // It may have ended before the start returns.
  await runtime?.start(info.id).catch(() => {});
  await until(async () => (await runtime?.inspect(info.id))?.status === 'exited');
  expect(await runtime?.logs(info.id)).toContain('broken on purpose');
});

test('a process is read whatever its name is', () => {
  const title = process.title;
  try {
    process.title = 'a) R 1 (b';
    expect(readStat(process.pid)).toMatchObject({ pid: process.pid, parent: process.ppid });
  } finally {
    process.title = title;
  }
});
