import type Docker from 'dockerode';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectToEngine, parseEndpoint } from './engine.ts';
import { logText } from './logs.ts';
import { findOwnContainer, hostPathOf } from './own-container.ts';
import { findTestEngine } from './test-engine.ts';

const engine = await findTestEngine();
const skip = typeof engine === 'string' ? engine : null;
const ROOT = path.resolve(import.meta.dirname, '../../../../../..');
const FIXTURE = 'apps/orchestrator/src/drivers/runtime/docker/own-container.fixture.ts';
const RUN_MS = 120_000;

test('a file is called on the host as the innermost mount above it says', () => {
  const own = {
    id: 'a',
    imageId: 'i',
    mounts: [
      { source: '/volumes/data', destination: '/var/lib/rose' },
      { source: '/volumes/sockets', destination: '/var/lib/rose/run' },
      { source: '', destination: '/tmp' },
    ],
  };
  expect(hostPathOf(own, '/var/lib/rose')).toBe('/volumes/data');
  expect(hostPathOf(own, '/var/lib/rose/docker/ca.pem')).toBe('/volumes/data/docker/ca.pem');
  expect(hostPathOf(own, '/var/lib/rose/run/docker-1/in')).toBe('/volumes/sockets/docker-1/in');
  expect(hostPathOf(own, '/var/lib/rose/running')).toBe('/volumes/data/running');
  for (const file of ['/var/lib/rosette', '/tmp/x', '/opt/rose']) {
    expect(() => hostPathOf(own, file), file).toThrow('ROSE_DATA_DIR');
  }
});

describe.skipIf(skip !== null)(skip === null ? 'own container' : `own container (skipped: ${skip})`, () => {
  const stack = new AsyncDisposableStack();
  let docker: Docker;
  let folder: string;
  let container: Docker.Container;

  beforeAll(async () => {
    if (typeof engine === 'string') return;
    ({ docker } = await connectToEngine(engine.dockerHost));
    folder = await mkdtemp(path.join(tmpdir(), 'rose-own-'));
    stack.defer(() => rm(folder, { recursive: true }));
    const volume = path.basename(folder).toLowerCase();
    const endpoint = parseEndpoint(engine.dockerHost);
    const socket = 'socketPath' in endpoint ? endpoint.socketPath : '';
    container = await docker.createContainer({
      Image: engine.baseImage,
      Cmd: ['node', `/opt/rose/${FIXTURE}`],
      HostConfig: {
        NetworkMode: 'none',
        Binds: [`${ROOT}:/opt/rose:ro`, `${socket}:/var/run/docker.sock`, `${folder}:/data`, `${volume}:/data/sockets`],
      },
    });
    stack.defer(async () => {
      await container.remove({ force: true, v: true });
      await docker.getVolume(volume).remove();
    });
  });
  afterAll(() => stack.disposeAsync());

  test(
    'a process in a container finds it, what its files are called outside, and who must not be reached',
    async () => {
      await container.start();
      await container.wait({ abortSignal: AbortSignal.timeout(RUN_MS) });
      const log = logText(await container.logs({ stdout: true, stderr: true, follow: false }));
      const { Mounts: mounts } = await container.inspect();
      const sockets = mounts.find(({ Destination }) => Destination === '/data/sockets');
      expect(JSON.parse(log)).toEqual({
        id: container.id,
        paths: [folder, `${folder}/run/docker-1/in`, `${sockets?.Source}/a`],
        networks: expect.arrayContaining(['127.0.0.1/8', '127.0.0.1']) as unknown,
      });
    },
    RUN_MS,
  );

  test('an id that is not of a running container with the same mounts is not believed', async () => {
    const line = (id: string): string =>
      `100 50 8:1 /var/lib/docker/containers/${id}/hostname /etc/hostname rw - ext4 /dev/sda1 rw`;
    expect(await findOwnContainer(docker, Promise.resolve(line(container.id)))).toBeNull();
    expect(await findOwnContainer(docker, Promise.resolve(line('0'.repeat(64))))).toBeNull();
    expect(await findOwnContainer(docker, Promise.resolve(''))).toBeNull();
    expect(await findOwnContainer(docker)).toBeNull();
  });
});
