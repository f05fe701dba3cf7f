import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { pack } from 'tar-stream';
import { connectToEngine } from './engine.ts';
import type { TestEngine } from './test-engine.ts';

/** Programs of this machine that an image is made of. */
const PROGRAMS = ['/bin/dash', '/usr/bin/id', '/usr/bin/cat'];

/** An image that knows nothing of RoSE, made without a registry; for tests only. */
export class TestImage implements AsyncDisposable {
  readonly name: string;
  readonly #remove: () => Promise<unknown>;

  /** @param changes lines of a Dockerfile, as `docker import --change` takes them */
  static async of(
    engine: TestEngine,
    files: Record<string, Buffer | string>,
    changes: string[] = [],
  ): Promise<TestImage> {
    const { docker } = await connectToEngine(engine.dockerHost);
    const repo = `rose-test-${randomUUID()}`;
    const tar = pack();
    for (const [file, content] of Object.entries(files)) tar.entry({ name: file, mode: 0o755 }, content);
    tar.finalize();
    // The types know only the path of a file.
    const answer = (await docker.importImage(tar as unknown as string, { repo, tag: '1', changes })) as Readable;
    await once(answer.resume(), 'end');
    return new TestImage(`${repo}:1`, () => docker.getImage(`${repo}:1`).remove({ force: true }));
  }

  constructor(name: string, remove: () => Promise<unknown>) {
    this.name = name;
    this.#remove = remove;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#remove();
  }
}

/** A shell and two programs with the libraries that they need, and nothing else. */
export async function programs(): Promise<Record<string, Buffer>> {
  const needed = new Set<string>();
  for (const program of PROGRAMS) {
    const { stdout } = await promisify(execFile)('ldd', [program]);
    for (const [, library = ''] of stdout.matchAll(/(\/[^ ]+) \(0x/g)) needed.add(library);
  }
  const files: Record<string, Buffer> = {};
  for (const library of needed) files[library.slice(1)] = await readFile(await realpath(library));
  for (const program of PROGRAMS) files[`usr/bin/${path.basename(program)}`] = await readFile(program);
  files['bin/sh'] = files['usr/bin/dash']!;
  files['usr/bin/sh'] = files['usr/bin/dash']!;
  return files;
}
