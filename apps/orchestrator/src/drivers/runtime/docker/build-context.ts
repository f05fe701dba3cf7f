import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { RoseError } from '@rose/contract';
import { pack } from 'tar-stream';

/** What goes into the image: the Dockerfile and the built agent. */
export interface BuildContext {
  dockerfile: string;
  /** Hash of all of it. */
  key: string;
  tar(): Readable;
}

interface ContextFile {
  name: string;
  mode: number;
  content: Buffer;
}

/**
 * Reads the build context of `folder` (apps/dev-container): Dockerfile and dist/. All of it is in
 * memory afterwards, so that key and content cannot differ.
 * @throws RoseError RUNTIME_UNAVAILABLE when the agent was not built.
 */
export async function readBuildContext(folder: string): Promise<BuildContext> {
  const dockerfile = await readFile(path.join(folder, 'Dockerfile'));
  const built = await readFiles(folder, 'dist');
  if (!built.some((file) => file.name === 'dist/agent.mjs')) {
    throw new RoseError('RUNTIME_UNAVAILABLE', 'The agent is not built. Run "npm run build" first.');
  }
  const files = [{ name: 'Dockerfile', mode: 0o644, content: dockerfile }, ...built];
  const hash = createHash('sha256');
  for (const file of files) {
    hash.update(`${file.name}\0${file.mode}\0${file.content.length}\0`).update(file.content);
  }
  return { dockerfile: dockerfile.toString('utf8'), key: hash.digest('hex'), tar: () => packed(files) };
}

async function readFiles(folder: string, below: string): Promise<ContextFile[]> {
  const entries = await readdir(path.join(folder, below), { recursive: true, withFileTypes: true }).catch(() => []);
  const files: ContextFile[] = [];
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const full = path.join(entry.parentPath, entry.name);
    const executable = ((await stat(full)).mode & 0o100) !== 0;
    const mode = executable ? 0o755 : 0o644;
    files.push({ name: path.relative(folder, full), mode, content: await readFile(full) });
  }
  return files.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function packed(files: ContextFile[]): Readable {
  const tar = pack();
  for (const { name, mode, content } of files) tar.entry({ name, mode, mtime: new Date(0) }, content);
  tar.finalize();
  return Readable.from(tar);
}

/** The Dockerfile's own base image. */
export function defaultBaseImage(dockerfile: string): string {
  const name = /^ARG BASE_IMAGE=(\S+)$/m.exec(dockerfile)?.[1];
  if (name === undefined) throw new Error('The Dockerfile names no default for BASE_IMAGE.');
  return name;
}
