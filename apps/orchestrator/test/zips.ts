import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Project, SaveResult } from '@rose/contract';
import type { Raw } from '@rose/snapshot';
import { pack, ZipWriter } from '@rose/snapshot/zip';
import { testOrchestrator, type Person, type TestOrchestrator } from '@rose/testing';
import { expect } from 'vitest';

export const hasInfoZip = ['zip', 'unzip'].every((tool) => spawnSync(tool, ['-v']).error === undefined);

/** Bytes that fetch takes. */
export type Zip = Buffer<ArrayBuffer>;

/** Somebody with a project, and what the tests of zips do with it. */
export interface Studio extends AsyncDisposable {
  orchestrator: TestOrchestrator;
  ada: Person;
  project: Project;
  /** A directory of the test's own. */
  directory: string;
  /** Runs a shell script in the workspace; it must succeed. @returns its stdout */
  shell(script: string): Promise<string>;
  save(): Promise<SaveResult>;
  exported(version: number): Promise<Zip>;
  /** What the agent keeps of archives; nothing, unless an import runs. */
  staged(): Promise<string>;
}

export async function openStudio(): Promise<Studio> {
  await using parts = new AsyncDisposableStack();
  const directory = await mkdtemp(path.join(tmpdir(), 'rose-zips-'));
  parts.defer(() => rm(directory, { recursive: true, force: true }));
  const orchestrator = parts.use(await testOrchestrator({ config: { runtime: 'process' } }));
  const ada = await orchestrator.signUp('Ada');
  const project = await ada.rose.projects.create.mutate({ name: `studio-${randomBytes(4).toString('hex')}` });
  const shell = async (script: string): Promise<string> => {
    let out = '';
    const collect = (chunk: Uint8Array): void => void (out += Buffer.from(chunk).toString());
    const { code } = await ada.rose
      .workspace(project.id)
      .run(['bash', '-ec', script], { onStdout: collect, onStderr: collect });
    expect(code, out).toBe(0);
    return out;
  };
  parts.defer(async () => {
    await ada.rose.projects.delete.mutate({ projectId: project.id });
  });
  const owned = parts.move();
  return {
    orchestrator,
    ada,
    project,
    directory,
    shell,
    save: () => ada.rose.versions.save.mutate({ projectId: project.id, message: 'saved' }),
    exported: async (version) => buffer(await ada.rose.versionZip(project.id, version)),
    staged: () => shell('ls -A "$HOME/.rose/archive"'),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** What `find` says of a tree, times in seconds. Sizes of directories mean nothing. */
export function describeTree(directory: string): string[] {
  const format = '%y %m %T@ %s %P -> %l\\0';
  const found = execFileSync('find', ['.', '-mindepth', '1', '-printf', format], {
    cwd: directory,
    encoding: 'latin1',
  });
  return normalized(found);
}

/** The same of the live workspace. */
export async function describeWorkspace(studio: Studio): Promise<string[]> {
  return normalized(
    Buffer.from(await studio.shell("find . -mindepth 1 -printf '%y %m %T@ %s %P -> %l\\0'")).toString('latin1'),
  );
}

function normalized(found: string): string[] {
  const lines = found.split('\0').filter(Boolean);
  return lines.map((line) => line.replace(/^d (\S+ \S+) \d+/, 'd $1').replace(/(\d+)\.\d+/, '$1')).toSorted();
}

/** Entries of a zip by name: a string is a file's content, an object a link. A name with a slash at its end is a directory. */
export type ZipContent = Record<string, string | Buffer | { link: string }>;

/** A zip of anything, also of what nobody should unpack. */
export async function zipOf(content: ZipContent): Promise<Zip> {
  const output = new PassThrough();
  const collected = buffer(output);
  const writer = new ZipWriter(output, { entries: 0, bytes: 0 }, new AbortController().signal);
  const mtimeSeconds = 1_500_000_001;
  for (const [name, what] of Object.entries(content)) {
    if (name.endsWith('/')) await writer.directory(name.slice(0, -1) as Raw, { mode: 0o755, mtimeSeconds });
    else if (typeof what === 'string' || Buffer.isBuffer(what))
      await writer.file(name as Raw, await pack(Buffer.from(what as string), true), { mode: 0o644, mtimeSeconds });
    else await writer.symlink(name as Raw, what.link as Raw, { mode: 0o777, mtimeSeconds });
  }
  await writer.finish();
  return await collected;
}

/** Replaces a text wherever it stands in the zip by another of the same length: names that no zip tool would write. */
export function forged(zip: Zip, text: string, by: string): Zip {
  expect(by.length).toBe(text.length);
  return Buffer.from(zip.toString('latin1').replaceAll(text, by), 'latin1');
}
