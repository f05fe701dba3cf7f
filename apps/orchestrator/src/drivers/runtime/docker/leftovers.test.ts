import type Docker from 'dockerode';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { agentVolumeName } from './agent-volume.ts';
import { connectToEngine } from './engine.ts';
import { findImage } from './find-image.ts';
import { tagOf } from './image-use.ts';
import { ensureDevImage } from './image.ts';
import { removeUnusedImages } from './leftovers.ts';
import { LABEL } from './names.ts';
import { findTestEngine, testRuntime } from './test-engine.ts';

const engine = await findTestEngine();
const skip = typeof engine === 'string' ? engine : null;
const never = new AbortController().signal;

describe.skipIf(skip !== null)(skip === null ? 'leftovers' : `leftovers (skipped: ${skip})`, () => {
  let stack: AsyncDisposableStack;
  let docker: Docker;
  let folder: string;
  /** Of this test alone: others use the engine too. */
  let repository: string;

  beforeEach(async () => {
    if (typeof engine === 'string') return;
    stack = new AsyncDisposableStack();
    ({ docker } = await connectToEngine(engine.dockerHost));
    folder = await mkdtemp(path.join(tmpdir(), 'rose-leftovers-'));
    stack.defer(() => rm(folder, { recursive: true }));
    await mkdir(path.join(folder, 'dist'));
    await writeFile(path.join(folder, 'Dockerfile'), 'ARG BASE_IMAGE=none\nFROM ${BASE_IMAGE}\nCOPY dist/ /opt/\n');
    repository = `rose-test-${randomUUID()}`;
    stack.defer(async () => {
      const filters = { reference: [repository] };
      for (const { RepoTags } of await docker.listImages({ filters }))
        for (const tag of RepoTags ?? []) await docker.getImage(tag).remove({ force: true });
    });
  });
  afterEach(() => stack.disposeAsync());

  /** The key of the image that a release has built. */
  async function release(agent: string, keepMs = 60_000): Promise<string> {
    if (typeof engine === 'string') throw new Error(engine);
    await writeFile(path.join(folder, 'dist/agent.mjs'), `// ${agent} ${folder}`);
    const options = { folder, baseImage: engine.baseImage, repository, keepMs };
    return (await ensureDevImage(docker, options, () => {}, never)).key;
  }

  const tag = (key: string): string => tagOf({ repository, key });
  const isThere = async (name: string): Promise<boolean> => (await findImage(docker, name, never)) !== null;
  const sweep = (current: string, keepMs = 0): Promise<string[]> =>
    removeUnusedImages(docker, { repository, keepMs }, current, never);

  async function container(image: string): Promise<Docker.Container> {
    const made = await docker.createContainer({
      Image: image,
      Entrypoint: ['sleep', '600'],
      HostConfig: { NetworkMode: 'none', Init: true },
    });
    stack.defer(() => made.remove({ force: true }).catch(() => {}));
    return made;
  }

  test('an image of an earlier release that nobody uses goes, the current one stays', async () => {
    const [first, second] = [await release('first'), await release('second')];
    expect(await sweep(second)).toEqual([tag(first)]);
    expect([await isThere(tag(first)), await isThere(tag(second))]).toEqual([false, true]);
    expect(await sweep(second)).toEqual([]);
  });

  test('an image that was used lately stays, for another installation may be asleep', async () => {
    const [first, second] = [await release('first'), await release('second')];
    expect(await sweep(second, 60_000)).toEqual([]);
    expect(await isThere(tag(first))).toBe(true);
  });

  test('whoever finds an image notes that it is in use', async () => {
    const key = await release('first');
    const tagged = async (): Promise<number> => {
      const found = (await findImage(docker, tag(key), never)) as unknown as { Metadata: { LastTagTime: string } };
      return Date.parse(found.Metadata.LastTagTime);
    };
    const built = await tagged();
    await release('first');
    expect(await tagged()).toBe(built);
    await release('first', 0);
    expect(await tagged()).toBeGreaterThan(built);
  });

  test('an image that any container uses stays, running or not', async () => {
    const [first, second, third] = [await release('first'), await release('second'), await release('third')];
    const [stopped, running] = [await container(tag(first)), await container(tag(second))];
    await running.start();
    expect(await sweep(third)).toEqual([]);
    await running.kill();
    expect(await sweep(third)).toEqual([]);
    await stopped.remove();
    expect(await sweep(third)).toEqual([tag(first)]);
    expect(await isThere(tag(second))).toBe(true);
  });

  test('what somebody built on an image, or named it, stays', async () => {
    const [first, second] = [await release('first'), await release('second')];
    await docker.getImage(tag(first)).tag({ repo: repository, tag: 'kept' });
    const dockerfile = pack();
    dockerfile.entry({ name: 'Dockerfile' }, `FROM ${tag(first)}\nENV MADE=elsewhere\n`);
    dockerfile.finalize();
    const built = (await docker.buildImage(dockerfile as unknown as Readable, { t: tag('mine') })) as Readable;
    await once(built.resume(), 'end');
    expect((await findImage(docker, tag('mine'), never))?.Config.Labels).toMatchObject({ [LABEL.image]: first });
    expect(await sweep(second)).toEqual([tag(first)]);
    expect([await isThere(tag('kept')), await isThere(tag('mine'))]).toEqual([true, true]);
    await (await container(tag('mine'))).start();
    expect(await sweep(second)).toEqual([]);
  });

  test('a volume with the agent of an image that is gone goes, unless a container or an image still uses it', async () => {
    if (typeof engine === 'string') throw new Error(engine);
    const runtime = stack.use(
      await testRuntime(engine, { dataDir: folder, imageFolder: folder, installation: path.basename(folder) }),
    );
    await writeFile(path.join(folder, 'dist/agent.mjs'), `// ${folder}`);
    const current = await runtime.ensureImage(() => {});
    stack.defer(() => docker.getImage(`rose-dev:${current}`).remove({ force: true }));
    const [gone, used, built, own] = [randomUUID(), randomUUID(), randomUUID(), current];
    const foreign = `rose-agent-${randomUUID()}`;
    for (const key of [gone, used, built, own]) await volume(agentVolumeName(key), { [LABEL.agent]: key });
    await volume(foreign, {});
    await docker.getImage(engine.baseImage).tag({ repo: 'rose-dev', tag: built });
    stack.defer(() => docker.getImage(`rose-dev:${built}`).remove());
    const user = await docker.createContainer({
      Image: engine.baseImage,
      HostConfig: { Mounts: [{ Type: 'volume', Source: agentVolumeName(used), Target: '/mnt' }] },
    });
    stack.defer(() => user.remove());
    const removed = await runtime.removeUnused();
    expect(removed).toContain(agentVolumeName(gone));
    for (const name of [agentVolumeName(used), agentVolumeName(built), agentVolumeName(own), foreign]) {
      expect(removed).not.toContain(name);
      await docker.getVolume(name).inspect();
    }
    await expect(docker.getVolume(agentVolumeName(gone)).inspect()).rejects.toMatchObject({ statusCode: 404 });
  });

  async function volume(name: string, labels: Record<string, string>): Promise<void> {
    await docker.createVolume({ Name: name, Labels: labels });
    stack.defer(() =>
      docker
        .getVolume(name)
        .remove()
        .catch(() => {}),
    );
  }
});
