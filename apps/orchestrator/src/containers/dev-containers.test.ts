import type { PostCreate } from '@rose/contract';
import type { RoseClient } from '@rose/client/node';
import { testOrchestrator, type Person, type TestOrchestrator } from '@rose/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

let house: TestOrchestrator;
let ada: Person;
let rose: RoseClient;

beforeAll(async () => {
  house = await testOrchestrator({ config: { runtime: 'process' } });
  ada = await house.signUp('Ada');
  ({ rose } = ada);
});
afterAll(() => house?.[Symbol.asyncDispose]());

async function project(name: string, file: object | string, at = '.devcontainer/devcontainer.json'): Promise<number> {
  const { id } = await rose.projects.create.mutate({ name });
  if (at.includes('/')) await rose.workspace(id).files.mkdir.mutate({ path: '.devcontainer' });
  await write(id, file, at);
  await rose.containers.restart.mutate({ projectId: id });
  return id;
}

async function write(id: number, file: object | string, path = '.devcontainer/devcontainer.json'): Promise<void> {
  const content = typeof file === 'string' ? file : JSON.stringify(file);
  await rose.workspace(id).files.write.mutate({ path, content });
}

async function output(id: number, script: string): Promise<string> {
  let all = '';
  const onStdout = (chunk: Uint8Array): void => void (all += Buffer.from(chunk).toString());
  await rose.workspace(id).run(['sh', '-c', script], { onStdout });
  return all.trim();
}

async function postCreated(projectId: number): Promise<PostCreate | null> {
  const read = async () => (await rose.containers.status.query({ projectId })).postCreate;
  await expect.poll(async () => (await read())?.state).toMatch(/done|failed/);
  return await read();
}

async function startLines(projectId: number, last: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const { line } of await rose.containers.startLines.query({ projectId })) {
    lines.push(line);
    if (line.includes(last)) break;
  }
  return lines;
}

it('the variables of a devcontainer.json are those of commands, under the settings of the project', async () => {
  const id = await project('variables', { containerEnv: { MODE: 'file', CC: 'gcc' }, remoteEnv: { CC: 'clang' } });
  expect(await output(id, 'echo $MODE $CC')).toBe('file clang');
  await rose.settings.project.update.mutate({ projectId: id, values: { environment: { MODE: 'setting' } } });
  await write(id, { remoteEnv: { MODE: 'file', CC: 'tcc' } });
  await rose.containers.restart.mutate({ projectId: id });
  expect(await output(id, 'echo $MODE $CC')).toBe('setting tcc');
  await rose.settings.project.update.mutate({ projectId: id, values: { devContainerFile: 'ignore' } });
  await rose.containers.restart.mutate({ projectId: id });
  expect(await output(id, 'echo $MODE $CC')).toBe('setting');
});

it('postCreateCommand runs once for a home, and again when it changed', async () => {
  const id = await project('setup', { postCreateCommand: 'echo set up; echo x >> ../times' }, '.devcontainer.json');
  expect(await postCreated(id)).toEqual({ state: 'done', output: 'set up\n' });
  expect(await startLines(id, 'set up')).toContain('postCreateCommand: echo set up; echo x >> ../times');
  await rose.containers.restart.mutate({ projectId: id });
  expect(await output(id, 'cat ../times')).toBe('x');
  await rose.containers.restart.mutate({ projectId: id });
  expect(await output(id, 'cat ../times')).toBe('x');
  expect((await rose.containers.status.query({ projectId: id })).postCreate).toBeNull();
  await write(id, { postCreateCommand: ['sh', '-c', 'echo y >> ../times'] }, '.devcontainer.json');
  await rose.containers.restart.mutate({ projectId: id });
  expect(await postCreated(id)).toMatchObject({ state: 'done' });
  expect(await output(id, 'cat ../times')).toBe('x\ny');
});

it('a postCreateCommand that fails is told, leaves the project usable, and is tried again', async () => {
  const id = await project('broken', { postCreateCommand: { fine: 'true', broken: 'echo no luck >&2; exit 3' } });
  expect(await postCreated(id)).toEqual({ state: 'failed', output: 'no luck\n' });
  expect(await startLines(id, 'ended with')).toContain('postCreateCommand ended with code 3.');
  await rose.containers.restart.mutate({ projectId: id });
  expect(await postCreated(id)).toMatchObject({ state: 'failed' });
});

it('a postCreateCommand that writes without measure takes little of RoSE’s time', { timeout: 60_000 }, async () => {
  const id = await project('flood', { postCreateCommand: "yes '' | head -c 100000000" });
  const read = async () => (await rose.containers.status.query({ projectId: id })).postCreate?.state;
  await expect.poll(read, { timeout: 30_000 }).toBe('done');
});

it('the status says what was taken of the file, and what was not', async () => {
  const id = await project('parts', '{ "forwardPorts": [5173], /* and */ "features": {}, }');
  expect((await rose.containers.status.query({ projectId: id })).devContainer).toMatchObject({
    forwardPorts: [5173],
    problems: ['"features" is not supported, and ignored.'],
  });
  await rose.workspace(id).files.delete.mutate({ path: '.devcontainer', recursive: true });
  await rose.containers.restart.mutate({ projectId: id });
  expect((await rose.containers.status.query({ projectId: id })).devContainer).toBeNull();
});

it('a file that is a link to elsewhere, a directory or endless is none, or a problem', async () => {
  const { id } = await rose.projects.create.mutate({ name: 'hostile' });
  const status = async () => {
    await rose.containers.restart.mutate({ projectId: id });
    return (await rose.containers.status.query({ projectId: id })).devContainer;
  };
  await output(id, 'mkdir .devcontainer && ln -s /etc/passwd .devcontainer/devcontainer.json');
  expect(await status()).toBeNull();
  await output(id, 'rm -r .devcontainer && mkdir -p .devcontainer/devcontainer.json');
  expect(await status()).toBeNull();
  await output(id, 'rm -r .devcontainer && mkdir .devcontainer && mkfifo .devcontainer/devcontainer.json');
  expect(await status()).toBeNull();
  await output(id, 'rm .devcontainer/*; head -c 100000 /dev/zero | tr "\\0" "[" > .devcontainer/devcontainer.json');
  expect((await status())?.problems).toEqual(['It is too long, and ignored.']);
});

it('a file that no database could hold closes no workspace', async () => {
  const id = await project('nul', String.raw`{ "containerEnv": { "A": "\u0000", "B": "b" }, "\ud800": 1 }`);
  expect(await output(id, 'echo "$A$B" in')).toBe('in');
  expect((await rose.containers.status.query({ projectId: id })).devContainer?.problems).toHaveLength(2);
});

it('a file names no registry that the project’s containers may not reach: the engine would go there', async () => {
  const id = await project('inward', { image: '127.0.0.1:80/image' });
  const refused = /127\.0\.0\.1:80\/image.*its address is loopback.*RoSE's own image is used/;
  expect((await startLines(id, 'image is used')).at(-1)).toMatch(refused);
  await rose.settings.project.update.mutate({ projectId: id, values: { egress: 'none' } });
  await write(id, { image: 'secret-of-the-project.example.org/image' });
  await rose.containers.restart.mutate({ projectId: id });
  await rose.containers.restart.mutate({ projectId: id });
  expect((await startLines(id, 'image is used')).at(-1)).toMatch(/no access to the network.*RoSE's own image is used/);
});

it('where dev containers are processes an image is refused as a setting, and said to be without effect in the file', async () => {
  const id = await project('image', { image: 'debian:13' });
  expect(await startLines(id, 'image is used')).toEqual([
    expect.stringMatching(/"debian:13".*RoSE's own image is used/),
  ]);
  const update = rose.settings.project.update.mutate({ projectId: id, values: { image: 'debian:13' } });
  await expect(update).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    message: expect.stringContaining('ROSE_RUNTIME=docker'),
  });
  for (const image of ['--privileged', 'a b', '../x', 'a:b:c', 'x'.repeat(300)]) {
    const values = { image };
    await expect(rose.settings.project.update.mutate({ projectId: id, values })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
  }
});
