import { randomUUID } from 'node:crypto';
import type { RoseClient } from '@rose/client/node';
import { testOrchestrator, type TestOrchestrator } from '@rose/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agentIsMissing } from '../drivers/runtime/docker/agent-in-container.ts';
import { agentVolumeName } from '../drivers/runtime/docker/agent-volume.ts';
import { connectToEngine } from '../drivers/runtime/docker/engine.ts';
import { LABEL } from '../drivers/runtime/docker/names.ts';
import { findTestEngine } from '../drivers/runtime/docker/test-engine.ts';
import { programs, TestImage } from '../drivers/runtime/docker/test-image.ts';
import { SettingsRepository } from '../settings/settings-repository.ts';
import { removeLeftovers } from './reconcile.ts';

const engine = await findTestEngine();
const skip = typeof engine === 'string' ? engine : agentIsMissing();
const ABSENT = 'rose.invalid/no-such-image:1';

describe.skipIf(skip !== null)(skip === null ? 'images' : `images (skipped: ${skip})`, () => {
  const stack = new AsyncDisposableStack();
  let house: TestOrchestrator;
  let rose: RoseClient;
  let image: string;

  beforeAll(async () => {
    if (typeof engine === 'string') return;
    image = stack.use(await TestImage.of(engine, await programs(), ['ENV MADE=elsewhere'])).name;
    house = stack.use(await testOrchestrator({ config: { runtime: 'docker', ...engine } }));
    ({ rose } = await house.signUp('Ada'));
  });
  afterAll(async () => {
    for (const { id } of (await rose?.projects.list.query()) ?? [])
      await rose.projects.delete.mutate({ projectId: id });
    await stack.disposeAsync();
  });

  async function output(projectId: number, script: string, client = rose): Promise<string> {
    let all = '';
    const onStdout = (chunk: Uint8Array): void => void (all += Buffer.from(chunk).toString());
    await client.workspace(projectId).run(['sh', '-c', script], { onStdout });
    return all.trim();
  }

  const set = (projectId: number, values: object): Promise<unknown> =>
    rose.settings.project.update.mutate({ projectId, values });
  const restart = (projectId: number): Promise<unknown> => rose.containers.restart.mutate({ projectId });

  async function firstLine(projectId: number, holds: string, client = rose): Promise<string> {
    for await (const { line } of await client.containers.startLines.query({ projectId }))
      if (line.includes(holds)) return line;
    throw new Error('The lines ended.');
  }

  test('a project on an image of its own saves, loads, searches and comes back to RoSE’s own', async () => {
    const { id } = await rose.projects.create.mutate({ name: 'harbour' });
    await output(id, 'echo one > notes.txt; mkdir d; ln -s ../notes.txt d/link');
    await set(id, { image });
    expect(await output(id, 'echo $MADE')).toBe('');
    await restart(id);
    expect(await output(id, 'id -un; echo $MADE; cat notes.txt')).toBe('dev\nelsewhere\none');
    expect(await rose.versions.save.mutate({ projectId: id })).toMatchObject({ version: 1, files: 1 });
    await output(id, 'echo two > notes.txt');
    const hits: string[] = [];
    for await (const piece of await rose.workspace(id).search.content.query({ pattern: 'two' })) {
      if ('hits' in piece) hits.push(...piece.hits.map(({ path }) => path));
    }
    expect(hits).toEqual(['notes.txt']);
    await rose.versions.load.mutate({ projectId: id, version: 1 });
    expect(await output(id, 'cat d/link')).toBe('one');
    await rose.settings.project.reset.mutate({ projectId: id, key: 'image' });
    await restart(id);
    expect(await output(id, 'whoami; node -p 6*7; cat notes.txt')).toBe('dev\n42\none');
  });

  test('an image of a setting that cannot be had is a failure that says why, until the setting is taken back', async () => {
    const { id } = await rose.projects.create.mutate({ name: 'lost' });
    await output(id, 'echo kept > notes.txt');
    await set(id, { image: ABSENT });
    await expect(restart(id)).rejects.toMatchObject({
      code: 'CONTAINER_FAILED',
      message: expect.stringContaining(ABSENT) as string,
    });
    expect(await firstLine(id, 'Pulling')).toBe(`Pulling the image ${ABSENT}`);
    await set(id, { image: '' });
    expect(await output(id, 'cat notes.txt')).toBe('kept');
  });

  test('the image of a devcontainer.json is taken at the next start; one that cannot be had leaves the project usable', async () => {
    const { id } = await rose.projects.create.mutate({ name: 'file' });
    const write = (name: string): Promise<string> =>
      output(id, `echo '{ "image": "${name}", "postCreateCommand": "echo $MADE > made" }' > .devcontainer.json`);
    await write(image);
    await restart(id);
    expect(await output(id, 'echo $MADE')).toBe('elsewhere');
    await expect.poll(() => output(id, 'cat made')).toBe('elsewhere');
    // A fork finds the file only when its workspace is filled.
    await rose.versions.save.mutate({ projectId: id });
    const fork = await rose.projects.fork.mutate({ projectId: id, version: 1, name: 'fork' });
    expect(await output(fork.id, 'echo $MADE')).toBe('elsewhere');
    await write(ABSENT);
    await restart(id);
    expect(await output(id, 'echo $MADE; node -p 6*7')).toBe('42');
    expect(await firstLine(id, 'own image')).toMatch(
      /^\.devcontainer\.json: The image "rose\.invalid.*RoSE's own image is used\.$/,
    );
  });

  test('an image that the operator does not allow is refused with its name and what to do, and a start never takes it', async () => {
    if (typeof engine === 'string') return;
    await using other = await TestImage.of(engine, await programs());
    await using strict = await testOrchestrator({ config: { runtime: 'docker', ...engine, images: [image, 'gcc:*'] } });
    const { rose: grace } = await strict.signUp('Grace');
    const { id } = await grace.projects.create.mutate({ name: 'strict' });
    const run = (script: string): Promise<string> => output(id, script, grace);
    const refusal = `The image "${other.name}" is none of those that this RoSE allows: ${image}, gcc:*. Name another one, `;
    await expect(
      grace.settings.project.update.mutate({ projectId: id, values: { image: other.name } }),
    ).rejects.toMatchObject({ code: 'INVALID_INPUT', message: expect.stringContaining(refusal) as string });

    await run(`echo '{ "image": "${other.name}" }' > .devcontainer.json`);
    await grace.containers.restart.mutate({ projectId: id });
    expect(await run('node -p 6*7')).toBe('42');
    expect(await firstLine(id, 'own image', grace)).toContain(`.devcontainer.json: ${refusal}`);
    await run(`echo '{ "image": "${image}" }' > .devcontainer.json`);
    await grace.containers.restart.mutate({ projectId: id });
    expect(await run('echo $MADE')).toBe('elsewhere');

    // As it was set while everything was allowed.
    await new SettingsRepository(strict.context.database.prisma).mergeProject(id, { image: other.name });
    await expect(grace.containers.restart.mutate({ projectId: id })).rejects.toMatchObject({
      code: 'CONTAINER_FAILED',
      message: expect.stringContaining(refusal) as string,
    });
    await grace.settings.project.reset.mutate({ projectId: id, key: 'image' });
    expect(await run('echo $MADE')).toBe('elsewhere');
    await grace.projects.delete.mutate({ projectId: id });
  });

  test('what an earlier build left goes in a round that says so; one that is cut off says that and ends', async () => {
    if (typeof engine === 'string') return;
    const { docker } = await connectToEngine(engine.dockerHost);
    const key = randomUUID();
    const volume = await docker.createVolume({ Name: agentVolumeName(key), Labels: { [LABEL.agent]: key } });
    const { runtime, log } = house.context;
    const { signal } = new AbortController();
    await removeLeftovers({ runtime, log }, signal);
    await expect(volume.inspect()).rejects.toMatchObject({ statusCode: 404 });
    expect(house.logged()).toContain(agentVolumeName(key));
    const removeUnused = (): Promise<string[]> => runtime.removeUnused(AbortSignal.abort());
    await removeLeftovers({ runtime: { removeUnused }, log }, signal);
    expect(house.logged()).toContain('what earlier builds of RoSE left could not be removed');
  });
});
