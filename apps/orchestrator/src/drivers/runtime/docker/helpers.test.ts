import { chown, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { startedByRoot } from '../process/owners.ts';
import { connectToEngine } from './engine.ts';
import { namesOf } from './names.ts';
import { findTestEngine, testRuntime } from './test-engine.ts';

const engine = await findTestEngine();

test('what a killed orchestrator left is removed at the next start, and nothing of another installation', async ({
  skip,
}) => {
  if (typeof engine === 'string') return skip(engine);
  const { docker } = await connectToEngine(engine.dockerHost);
  const dataDir = await mkdtemp(path.join(tmpdir(), 'rose-helpers-'));
  const helperOf = (installation: string) =>
    docker.createContainer({
      Image: engine.baseImage,
      Cmd: ['true'],
      Labels: namesOf(installation).helperLabels,
      HostConfig: { NetworkMode: 'none' },
    });
  const own = await helperOf('helpers-test');
  const other = await helperOf('helpers-test-2');
  try {
    await mkdir(path.join(dataDir, 'run/docker-7/out/left'), { recursive: true });
    await mkdir(path.join(dataDir, 'run/not-ours'));
    if (startedByRoot)
      for (const name of ['out', 'out/left']) await chown(path.join(dataDir, 'run/docker-7', name), 1000, 1000);
    await using _ = await testRuntime(engine, { dataDir, installation: 'helpers-test', imageFolder: dataDir });
    await expect(own.inspect()).rejects.toMatchObject({ statusCode: 404 });
    expect((await other.inspect()).State.Status).toBe('created');
    expect(await readdir(path.join(dataDir, 'run'))).toEqual(['not-ours']);
  } finally {
    await other.remove();
    await own.remove().catch(() => {});
    await rm(dataDir, { recursive: true, force: true });
  }
});
