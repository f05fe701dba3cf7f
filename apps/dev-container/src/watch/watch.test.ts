import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { fileWatchInput, type FileChange, type FileChanges } from '@rose/contract';
import { fromText } from '@rose/snapshot';
import { expect, test } from 'vitest';
import { useAgent } from '../../test/use-agent.ts';

const bench = useAgent();

/** Somebody who watches the test's directory. */
class Watcher implements AsyncDisposable {
  readonly #left = new AbortController();
  readonly #pieces: AsyncGenerator<FileChanges>;
  readonly seen = new Map<string, string>();
  lost = 0;

  constructor(options: { path?: string; include?: string[]; exclude?: string[] } = {}) {
    const { path, ...globs } = fileWatchInput.parse({ ...options, path: options.path ?? bench.at('') });
    this.#pieces = bench.agent.agent.watch.watch({ path: fromText(path), ...globs }, this.#left.signal);
  }

  static async begin(options: ConstructorParameters<typeof Watcher>[0] = {}): Promise<Watcher> {
    const watcher = new Watcher(options);
    expect((await watcher.#pieces.next()).value).toEqual({ changes: [], lost: false });
    return watcher;
  }

  /** Reads until `holds`; the test's own deadline ends it. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      const { value, done } = await this.#pieces.next();
      if (done === true) throw new Error('The watch ended.');
      if (value.lost) this.lost += 1;
      for (const { path, kind, isDirectory } of value.changes)
        this.seen.set(path.slice(bench.at('').length + 1), isDirectory ? `${kind}/` : kind);
    }
  }

  async sees(path: string, kind: FileChange['kind'] | `${FileChange['kind']}/`): Promise<void> {
    await this.until(() => this.seen.get(path) === kind);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#left.abort();
    await this.#pieces.return(undefined);
  }
}

const write = (path: string, content = 'x'): void => writeFileSync(bench.disk(path), content);

test('files that come, change and go are told, wherever they lie', async () => {
  mkdirSync(bench.disk('src/deep'), { recursive: true });
  write('src/deep/old');
  write('gone');
  await using watcher = await Watcher.begin();
  write('new');
  write('src/deep/old', 'other');
  rmSync(bench.disk('gone'));
  await watcher.sees('new', 'created');
  await watcher.sees('src/deep/old', 'changed');
  await watcher.sees('gone', 'deleted');
  expect(watcher.lost).toBe(0);
});

test('what lies in a directory that comes is told too, and so are later changes in it', async () => {
  mkdirSync(bench.disk('../made/a/b'), { recursive: true });
  writeFileSync(bench.disk('../made/a/b/file'), '');
  await using watcher = await Watcher.begin();
  renameSync(bench.disk('../made'), bench.disk('moved'));
  await watcher.sees('moved', 'created/');
  await watcher.sees('moved/a/b/file', 'created');
  write('moved/a/b/file', 'more');
  await watcher.sees('moved/a/b/file', 'changed');
  renameSync(bench.disk('moved'), bench.disk('again'));
  await watcher.sees('moved', 'deleted/');
  await watcher.sees('again/a/b/file', 'created');
  write('again/a/late');
  await watcher.sees('again/a/late', 'created');
});

test('excluded directories are not looked into; by default node_modules and .git', async () => {
  for (const directory of ['node_modules/lib', '.git', 'src', 'dist'])
    mkdirSync(bench.disk(directory), { recursive: true });
  await using watcher = await Watcher.begin();
  await using other = await Watcher.begin({ exclude: ['dist'], include: ['*.js'] });
  write('node_modules/lib/a.js');
  write('.git/index');
  write('dist/b.js');
  write('src/c.js');
  write('src/c.ts');
  await watcher.sees('src/c.ts', 'created');
  expect([...watcher.seen.keys()].toSorted()).toEqual(['dist/b.js', 'src/c.js', 'src/c.ts']);
  await other.sees('src/c.js', 'created');
  expect([...other.seen.keys()].toSorted()).toEqual(['node_modules/lib/a.js', 'src/c.js']);
});

test('a link leads a watch nowhere', async () => {
  mkdirSync(bench.disk('../outside'));
  symlinkSync('../outside', bench.disk('link'));
  await using watcher = await Watcher.begin();
  writeFileSync(bench.disk('../outside/file'), '');
  write('here');
  await watcher.sees('here', 'created');
  expect([...watcher.seen.keys()]).toEqual(['here']);
  const through = new Watcher({ path: bench.at('link') });
  await expect(through.until(() => false)).rejects.toMatchObject({ code: 'CONFLICT' });
});

test('changes that are too many to keep are told as lost, and what comes after is told again', async () => {
  await using watcher = await Watcher.begin();
  for (let count = 0; count < 6000; count += 1) write(`file${count}`);
  await watcher.until(() => watcher.lost > 0);
  write('after');
  await watcher.sees('after', 'created');
});

test('what the kernel lost is told, and directories that came meanwhile are watched', async () => {
  const most = Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8'));
  mkdirSync(bench.disk('busy'));
  await using watcher = await Watcher.begin();
  // Nobody reads while this loop runs.
  for (let count = 0; count <= most; count += 1) write(count % 2 === 0 ? 'busy/even' : 'busy/odd', String(count));
  mkdirSync(bench.disk('missed'));
  await watcher.until(() => watcher.lost > 0);
  write('missed/file');
  await watcher.sees('missed/file', 'created');
});

test('a watch ends with the directory that it watches', async () => {
  mkdirSync(bench.disk('short'));
  await using watcher = await Watcher.begin({ path: bench.at('short') });
  rmSync(bench.disk('short'), { recursive: true });
  await expect(watcher.until(() => false)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('one container has a few watches at a time', async () => {
  await using watchers = new AsyncDisposableStack();
  for (let count = 0; count < 8; count += 1) watchers.use(await Watcher.begin());
  const another = new Watcher();
  await expect(another.until(() => false)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  await watchers.disposeAsync();
  await using _ = await Watcher.begin();
});
