import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { createRoseClient, type RoseClient } from '@rose/client/node';
import { roseProgram } from './lib/rose-program.ts';

/**
 * The whole tour of RoSE, on the typed client and the command line, against the RoSE at ROSE_URL.
 * Makes a person of its own each time. Exit code 1 on any surprise.
 */

const url = process.env.ROSE_URL || 'http://127.0.0.1:4000';
const say = (sentence: string): void => void process.stdout.write(`${sentence}\n`);

try {
  await tour();
  say('That was the tour: everything came out as it should.');
} catch (error) {
  process.stderr.write(`Surprise: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function tour(): Promise<void> {
  const rose = createRoseClient({ url });
  const email = `demo-${randomUUID()}@example.org`;
  const password = randomUUID();
  say(`Somebody signs up at ${url} as ${email}.`);
  const account = await rose.accounts.signUp.mutate({ email, name: 'Demo', password });
  assert.deepEqual(await rose.accounts.me.query(), account);

  const { id: projectId, name } = await rose.projects.create.mutate({ name: 'demo', description: 'The tour' });
  say(`Project ${projectId} "${name}" is made, with a dev container of its own.`);
  try {
    const picture = await work(rose, projectId);
    await saveAndLoad(rose, projectId, picture);
    await copyWithTheProgram(rose, projectId);
    await changeSettings(rose, projectId);
    await deleteAndUndelete(rose, projectId);
  } finally {
    await rose.projects.delete.mutate({ projectId });
    await rose.accounts.signOut.mutate();
    say('The project is deleted and the person signed out.');
  }
  await assert.rejects(rose.accounts.me.query(), { code: 'UNAUTHENTICATED' });
}

async function work(rose: RoseClient, projectId: number): Promise<Buffer> {
  const workspace = rose.workspace(projectId);
  const picture = randomBytes(3_000_000);
  await workspace.files.mkdir.mutate({ path: 'src' });
  await workspace.files.write.mutate({ path: 'src/hello.sh', content: 'echo "Hello, $1!"\n' });
  await workspace.writeFile('picture.bin', new Uint8Array(picture));
  say('Two files are written: a script, and 3 MB of noise as a stream.');

  let output = '';
  const exit = await workspace.run(['sh', 'src/hello.sh', 'world'], {
    onStdout: (chunk) => void (output += Buffer.from(chunk).toString()),
  });
  assert.deepEqual({ code: exit.code, output }, { code: 0, output: 'Hello, world!\n' });
  say(`A command runs in the container and prints ${JSON.stringify(output)}.`);
  return picture;
}

async function saveAndLoad(rose: RoseClient, projectId: number, picture: Buffer): Promise<void> {
  const workspace = rose.workspace(projectId);
  const first = await rose.versions.save.mutate({ projectId, message: 'Hello' });
  assert.deepEqual([first.version, first.files], [1, 2]);
  say(`Version 1 is saved: ${first.files} files, ${first.storedBytes} bytes stored.`);

  await workspace.files.write.mutate({ path: 'src/hello.sh', content: 'echo "Goodbye, $1!"\n' });
  await workspace.files.delete.mutate({ path: 'picture.bin' });
  const { base, changes } = await rose.versions.status.query({ projectId });
  assert.equal(base, 1);
  const changed = changes.map(({ path: file, change }) => `${file} ${change}`);
  assert.deepEqual(changed, ['picture.bin removed', 'src/hello.sh changed']);
  say(`The script is changed and the noise deleted; the status says: ${changed.join(', ')}.`);

  const second = await rose.versions.save.mutate({ projectId, message: 'Goodbye' });
  assert.ok(second.storedBytes < 20_000, `a small change stored ${second.storedBytes} bytes`);
  say(`Version ${second.version} is saved; it costs ${second.storedBytes} bytes.`);
  const versions = await rose.versions.list.query({ projectId });
  assert.deepEqual(
    versions.map(({ version, message, active }) => [version, message, active]),
    [
      [1, 'Hello', false],
      [2, 'Goodbye', true],
    ],
  );

  const plan = await rose.versions.plan.query({ projectId, version: 1 });
  assert.deepEqual([plan.written, plan.removed], [2, 0]);
  say(`A dry run says what loading version 1 would do: ${plan.written} written, ${plan.removed} removed.`);
  await rose.versions.load.mutate({ projectId, version: 1 });
  assert.ok((await buffer(await workspace.readFile('picture.bin'))).equals(picture), 'the noise came back changed');
  assert.equal(await text(await rose.versionFile(projectId, 2, 'src/hello.sh')), 'echo "Goodbye, $1!"\n');
  say('Version 1 is loaded: the noise is back, byte for byte. Version 2 can still be read.');

  await rose.versions.undo.mutate({ projectId });
  assert.equal((await workspace.files.read.query({ path: 'src/hello.sh' })).content, 'echo "Goodbye, $1!"\n');
  say('The load is undone: the script says goodbye again.');
}

/** The command line, with an API token as a program would use it. */
async function copyWithTheProgram(rose: RoseClient, projectId: number): Promise<void> {
  const { token } = await rose.accounts.tokens.create.mutate({ name: 'demo', expiresInDays: 1 });
  const program = roseProgram({ ROSE_URL: url, ROSE_TOKEN: token });
  const directory = await mkdtemp(path.join(tmpdir(), 'rose-demo-'));
  try {
    const source = path.join(directory, 'source');
    const target = path.join(directory, 'target');
    await program('pull', String(projectId), source);
    await writeFile(path.join(source, 'a name\nof two lines'), 'kept');
    await symlink('/no/such/target', path.join(source, 'dangling'));
    const pushed = await program('push', source, String(projectId));
    await program('pull', String(projectId), target);
    assert.equal(await readFile(path.join(target, 'a name\nof two lines'), 'utf8'), 'kept');
    say(`The command line pulls and pushes the workspace: ${pushed.trim()}`);
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function changeSettings(rose: RoseClient, projectId: number): Promise<void> {
  await rose.settings.user.update.mutate({ values: { theme: 'light' } });
  assert.deepEqual((await rose.settings.user.get.query()).theme, { value: 'light', source: 'user' });
  await rose.settings.project.update.mutate({ projectId, values: { idleStopMinutes: 30 } });
  const { idleStopMinutes } = await rose.settings.project.get.query({ projectId });
  assert.deepEqual(idleStopMinutes, { value: 30, source: 'project' });
  say('Settings are kept: a light theme for the person, 30 idle minutes for the project.');
}

async function deleteAndUndelete(rose: RoseClient, projectId: number): Promise<void> {
  const { name } = await rose.projects.rename.mutate({ projectId, name: 'tour' });
  await rose.projects.delete.mutate({ projectId });
  assert.deepEqual(await rose.projects.list.query(), []);
  await rose.projects.undelete.mutate({ projectId });
  const { files } = rose.workspace(projectId);
  assert.equal((await files.read.query({ path: 'a name\nof two lines' })).content, 'kept');
  say(`The project is renamed to "${name}", deleted with its container, and brought back with its last state.`);
}
