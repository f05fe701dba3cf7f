import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Runtime } from '../runtime.ts';
import { connectToEngine } from './engine.ts';
import { findTestEngine, testRuntime } from './test-engine.ts';

const engine = await findTestEngine();
const skip = typeof engine === 'string' ? engine : null;

describe.skipIf(skip !== null)(skip === null ? 'image' : `image (skipped: ${skip})`, () => {
  let stack: AsyncDisposableStack;
  let folder: string;

  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    folder = await mkdtemp(path.join(tmpdir(), 'rose-image-'));
    stack.defer(() => rm(folder, { recursive: true }));
    await mkdir(path.join(folder, 'dist'));
    // Each test builds an image of its own: nothing is there already.
    await writeFile(path.join(folder, 'dist/agent.mjs'), `// ${folder}`);
  });
  afterEach(() => stack.disposeAsync());

  async function runtimeWith(dockerfile: string, baseImage?: string): Promise<Runtime> {
    if (typeof engine === 'string') throw new Error(engine);
    await writeFile(path.join(folder, 'Dockerfile'), `ARG BASE_IMAGE=none\nFROM \${BASE_IMAGE}\n${dockerfile}\n`);
    const options = { dataDir: folder, imageFolder: folder, installation: path.basename(folder).toLowerCase() };
    const runtime = await testRuntime({ ...engine, baseImage: baseImage ?? engine.baseImage }, options);
    stack.use(runtime);
    return runtime;
  }

  /** Ensures the image and removes it when the test is over. */
  async function ensured(runtime: Runtime): Promise<string[]> {
    const lines: string[] = [];
    await runtime.ensureImage((line) => lines.push(line));
    const tag = /rose-dev:\w+/.exec(lines.join('\n'))?.[0];
    if (tag !== undefined && typeof engine !== 'string') {
      const { docker } = await connectToEngine(engine.dockerHost);
      stack.defer(() =>
        docker
          .getImage(tag)
          .remove({ force: true })
          .catch(() => {}),
      );
    }
    return lines;
  }

  test('an image is built once, with progress, by callers at the same time', async () => {
    const runtime = await runtimeWith('COPY dist/ /opt/');
    const [first, second] = await Promise.all([ensured(runtime), ensured(runtime)]);
    expect(first.filter((line) => line.startsWith('Step 1/'))).toHaveLength(1);
    expect(second).toEqual(first);
    expect(await ensured(runtime)).toEqual([]);
  });

  test('another agent, Dockerfile or base image makes another image', async () => {
    const tags = new Set<string>();
    const note = async (dockerfile: string): Promise<void> => {
      const line = (await ensured(await runtimeWith(dockerfile))).find((text) => text.includes('rose-dev:'));
      tags.add(/rose-dev:\w+/.exec(line ?? '')?.[0] ?? '');
    };
    await note('COPY dist/ /opt/');
    await note('COPY dist/ /opt/rose/');
    await writeFile(path.join(folder, 'dist/agent.mjs'), '// another');
    await note('COPY dist/ /opt/rose/');
    expect(tags.size).toBe(3);
  });

  test('a base image that cannot be had is an error that says what to do', async () => {
    const runtime = await runtimeWith('', 'rose.invalid/no-such-image:1');
    const failure = runtime.ensureImage(() => {});
    await expect(failure).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' });
    await expect(failure).rejects.toThrow(/"rose\.invalid\/no-such-image:1" \(ROSE_BASE_IMAGE\).*npm run base-image/s);
  });

  test('a build that fails is an error with its reason, and leaves no image', async () => {
    const runtime = await runtimeWith('RUN echo too bad >&2 && exit 3');
    const lines: string[] = [];
    const failure = runtime.ensureImage((line) => lines.push(line));
    await expect(failure).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' });
    await expect(failure).rejects.toThrow('returned a non-zero code: 3');
    expect(lines.join('\n')).toContain('too bad');
    await expect(runtime.ensureImage(() => {})).rejects.toThrow('returned a non-zero code: 3');
  });

  test('a build whose last caller gives up is ended', async () => {
    const runtime = await runtimeWith('RUN sleep 3141');
    const giveUp = new AbortController();
    const failure = runtime.ensureImage(() => {}, giveUp.signal);
    await expect.poll(sleepers, { timeout: 20_000 }).toBe(true);
    giveUp.abort();
    await expect(failure).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect.poll(sleepers, { timeout: 20_000 }).toBe(false);
  });

  test('an agent that was not built is an error that says what to do', async () => {
    const runtime = await runtimeWith('');
    await rm(path.join(folder, 'dist'), { recursive: true });
    await expect(runtime.ensureImage(() => {})).rejects.toThrow('npm run build');
  });
});

async function sleepers(): Promise<boolean> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const commands = pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''));
  return (await Promise.all(commands)).some((command) => command === ['sleep', '3141', ''].join('\0'));
}
