import { chmod, chown, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ContainerInspectInfo } from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Runtime } from '../runtime.ts';
import { emptyOutByContainer } from './empty-out.ts';
import { connectToEngine } from './engine.ts';
import { findTestEngine, testRuntime } from './test-engine.ts';

const engine = await findTestEngine();
const skip = typeof engine === 'string' ? engine : null;
/** Whether root on this host can make files as the container's user would. */
const canPose =
  process.getuid?.() === 0 && typeof engine !== 'string' && !(await connectToEngine(engine.dockerHost)).mapsUsers;
const LIMITS = { memoryMiB: 512, cpus: 1.5, pids: 300 };
const SPEC = { projectId: 7, volume: 'ada', secret: 's', limits: LIMITS, environment: { ROSE_AGENT_SECRET: 'mine' } };

describe.skipIf(skip !== null)(skip === null ? 'hardening' : `hardening (skipped: ${skip})`, () => {
  const stack = new AsyncDisposableStack();
  let folder: string;
  let installation: string;
  let runtime: Runtime;
  let found: ContainerInspectInfo;

  beforeAll(async () => {
    if (typeof engine === 'string') return;
    folder = await mkdtemp(path.join(tmpdir(), 'rose-hardening-'));
    installation = path.basename(folder).toLowerCase();
    stack.defer(() => rm(folder, { recursive: true }));
    await mkdir(path.join(folder, 'dist'));
    await writeFile(path.join(folder, 'dist/agent.mjs'), '');
    await writeFile(path.join(folder, 'Dockerfile'), 'ARG BASE_IMAGE=none\nFROM ${BASE_IMAGE}\n');
    runtime = await testRuntime(engine, { dataDir: folder, imageFolder: folder, installation });
    const { id } = await runtime.create(SPEC);
    stack.defer(async () => {
      await runtime.remove(id);
      await runtime.removeVolume('ada');
    });
    found = await (await connectToEngine(engine.dockerHost)).docker.getContainer(id).inspect();
  });
  afterAll(() => stack.disposeAsync());

  test('a container has no rights, no network and no swap, and bounds on all it uses', () => {
    expect(found.HostConfig).toMatchObject({
      Privileged: false,
      CapAdd: null,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      NetworkMode: 'none',
      PidMode: '',
      IpcMode: 'private',
      UTSMode: '',
      UsernsMode: '',
      Init: true,
      RestartPolicy: { Name: 'no' },
      PidsLimit: 300,
      Memory: 512 * 1024 * 1024,
      MemorySwap: 512 * 1024 * 1024,
      NanoCpus: 1.5e9,
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '2' } },
    });
    expect(found.HostConfig.Devices ?? []).toEqual([]);
    expect(found.HostConfig.PortBindings ?? {}).toEqual({});
    expect(found.Config.User).toBe('1000:1000');
    expect(found.HostConfig.Ulimits).toContainEqual({ Name: 'core', Soft: 0, Hard: 0 });
  });

  test('nothing of the host is mounted but the volume and the two socket folders, one of them read-only', () => {
    const mounts = found.Mounts.map(({ Type, Destination, RW }) => `${Type} ${Destination} ${RW ? 'rw' : 'ro'}`);
    expect(mounts.toSorted()).toEqual(['bind /run/rose/in ro', 'bind /run/rose/out rw', 'volume /home/dev rw']);
    expect(found.HostConfig.Binds ?? []).toEqual([]);
    for (const { Type, Source } of found.Mounts) if (Type === 'bind') expect(Source).toContain(`${folder}/run/`);
  });

  test('names and labels carry the installation and the project', () => {
    expect(found.Name).toBe(`/rose-${installation}-7`);
    expect(found.Config.Labels).toMatchObject({ 'rose.installation': installation, 'rose.project': '7' });
  });

  test('the image is named by its id, and the project cannot change what RoSE sets', () => {
    expect(found.Config.Image).toMatch(/^sha256:/);
    expect(found.Config.Env).toContain('ROSE_AGENT_SECRET=s');
    expect(found.Config.Env).not.toContain('ROSE_AGENT_SECRET=mine');
  });

  test('the engine’s runtime is the installation’s choice; one that is not there leaves nothing', async () => {
    if (typeof engine === 'string') return;
    const options = { dataDir: path.join(folder, 'other'), imageFolder: folder, installation: `${installation}-2` };
    const other = await testRuntime(engine, { ...options, containerRuntime: 'no-such-runtime' });
    await expect(other.create(SPEC)).rejects.toMatchObject({ code: 'CONTAINER_FAILED' });
    expect(await other.list()).toEqual([]);
    expect(await other.listVolumes()).toEqual([]);
    expect(await readdir(path.join(folder, 'other/run'))).toEqual([]);
  });

  const posing = canPose ? '' : ' (skipped: needs root, and an engine that maps no users)';
  test.runIf(canPose)(`an orchestrator that may not clear a socket folder has a container do it${posing}`, async () => {
    if (typeof engine === 'string') return;
    const out = path.join(folder, 'out');
    await mkdir(out, { mode: 0o777 });
    await mkdir(path.join(out, 'left/behind'), { recursive: true, mode: 0o777 });
    const { docker } = await connectToEngine(engine.dockerHost);
    for (const name of ['left/behind', 'left', '.']) {
      await chown(path.join(out, name), 1000, 1000);
      await chmod(path.join(out, name), name === '.' ? 0o777 : 0o000);
    }
    await emptyOutByContainer(docker, { imageId: found.Image, helperLabels: {} }, out);
    expect(await readdir(out)).toEqual([]);
  });
});
