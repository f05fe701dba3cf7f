import type Docker from 'dockerode';
import { cp, mkdtemp, rm, appendFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ContainerSpec, Runtime } from '../runtime.ts';
import { agentIsMissing, IMAGE_FOLDER } from './agent-in-container.ts';
import { agentVolumeName } from './agent-volume.ts';
import { connectToEngine } from './engine.ts';
import { LABEL } from './names.ts';
import { findTestEngine, testRuntime } from './test-engine.ts';
import { TestImage } from './test-image.ts';

const engine = await findTestEngine();
const skip = typeof engine === 'string' ? engine : agentIsMissing();

const SPEC: ContainerSpec = {
  projectId: 1,
  volume: 'home',
  secret: 'secret of Ada',
  limits: { memoryMiB: 256, cpus: 1, pids: 256 },
  environment: {},
};

/** That another installation at the engine may remove at any moment what a container is just made of. */
describe.skipIf(skip !== null)(skip === null ? 'removed meanwhile' : `removed meanwhile (skipped: ${skip})`, () => {
  let stack: AsyncDisposableStack;
  let docker: Docker;
  let runtime: Runtime;
  let key: string;
  /** Done once, when the runtime asks for a dev container and before the engine hears of it. */
  let meanwhile: (() => Promise<unknown>) | null;

  beforeEach(async () => {
    if (typeof engine === 'string') return;
    stack = new AsyncDisposableStack();
    meanwhile = null;
    ({ docker } = await connectToEngine(engine.dockerHost));
    const folder = await mkdtemp(path.join(tmpdir(), 'rose-meanwhile-'));
    stack.defer(() => rm(folder, { recursive: true }));
    // A build that is nobody else's.
    const imageFolder = path.join(folder, 'image');
    for (const part of ['Dockerfile', 'dist'])
      await cp(path.join(IMAGE_FOLDER, part), path.join(imageFolder, part), { recursive: true });
    await appendFile(path.join(imageFolder, 'dist/agent.mjs'), `\n// ${folder}`);
    const dockerHost = await listen(path.join(folder, 'engine.sock'), engine.dockerHost);
    const installation = path.basename(folder).toLowerCase();
    runtime = stack.use(await testRuntime({ ...engine, dockerHost }, { dataDir: folder, imageFolder, installation }));
    key = await runtime.ensureImage(() => {});
    stack.defer(async () => {
      for (const { id } of await runtime.list()) await runtime.remove(id);
      await runtime.removeVolume(SPEC.volume);
      await docker.getImage(`rose-dev:${key}`).remove();
    });
  });
  afterEach(() => stack.disposeAsync());

  /** A way to the engine on which something else comes first. */
  async function listen(socket: string, dockerHost: string | null): Promise<string> {
    const server = createServer((near) => {
      const far = connect((dockerHost ?? 'unix:///var/run/docker.sock').replace('unix://', ''));
      for (const end of [near, far]) end.on('error', () => {});
      far.pipe(near);
      near.on('end', () => far.end());
      near.on('data', (chunk: Buffer) => {
        near.pause();
        void before(chunk).then(() => far.write(chunk, () => near.resume()));
      });
    });
    await once(server.listen(socket), 'listening');
    stack.defer(() => void server.close());
    return `unix://${socket}`;
  }

  async function before(chunk: Buffer): Promise<void> {
    const deed = meanwhile;
    if (deed === null || !/^POST [^ ]*\/containers\/create\?.*name=rose-/.test(chunk.toString('latin1'))) return;
    meanwhile = null;
    await deed();
  }

  test('a container is made though its image goes at that moment: it is built again', async () => {
    meanwhile = () => docker.getImage(`rose-dev:${key}`).remove();
    const { id } = await runtime.create(SPEC);
    await runtime.start(id);
    expect(meanwhile).toBe(null);
    expect(await runtime.inspect(id)).toMatchObject({ status: 'running', agentBuild: key });
  });

  test('a container of another image is made though the volume with its agent goes at that moment', async () => {
    if (typeof engine === 'string') return;
    const image = stack.use(await TestImage.of(engine, { 'etc/motd': 'hello' })).name;
    const volume = docker.getVolume(agentVolumeName(key));
    stack.defer(async () => {
      for (const { id } of await runtime.list()) await runtime.remove(id);
      await volume.remove();
    });
    meanwhile = () => volume.remove();
    const { id } = await runtime.create({ ...SPEC, image });
    await runtime.start(id);
    expect(meanwhile).toBe(null);
    expect((await volume.inspect()).Labels).toEqual({ [LABEL.agent]: key });
    expect(await runtime.inspect(id)).toMatchObject({ status: 'running' });
  });
});
