import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { createServer } from 'node:net';
import { decodeTree, encodeTree, type Raw } from '@rose/snapshot';
import { expect, onTestFinished, test, vi } from 'vitest';
import { describeTree } from '../../test/disk-tree.ts';
import { entryOf, Versions } from '../../test/versions.ts';
import { untilSettled, workspaceBench, type Bench } from '../../test/workspace-bench.ts';

/** Does something once, right after bytes of a file were read: what another process could do at that moment. */
function afterRead(deed: () => void): void {
  const real = fs.readSync;
  const spy = vi.spyOn(fs, 'readSync').mockImplementationOnce((...args: Parameters<typeof real>) => {
    const count = real(...args);
    deed();
    return count;
  });
  onTestFinished(() => spy.mockRestore());
}

/** Runs a deed as an ordinary user, for whom permissions count. */
function asNobody<T>(bench: Bench, deed: () => T): T {
  if (process.geteuid!() !== 0) return deed();
  execFileSync('chown', ['-R', '65534:65534', bench.workspace, bench.own]);
  fs.chmodSync(fs.realpathSync(`${bench.workspace}/..`), 0o755);
  process.seteuid!(65534);
  try {
    return deed();
  } finally {
    process.seteuid!(0);
  }
}

test('a save sends everything once, children before parents, the root last', () => {
  using bench = workspaceBench();
  const versions = new Versions();
  bench.write('a/b/c.txt', 'one');
  bench.write('a/same.txt', 'one');
  const { root, sent, summary } = versions.save(bench.engine);
  expect(sent.chunks).toHaveLength(1);
  expect(sent.trees).toHaveLength(3);
  expect(sent.trees.at(-1)).toBe(root);
  expect(summary).toMatchObject({ changed: [], skipped: [], mismatched: [] });
  expect(versions.paths(root)).toEqual(['a/', 'a/b/', 'a/b/c.txt', 'a/same.txt']);
});

test('a save after a change of one file sends that file and the directories above it, nothing else', () => {
  using bench = workspaceBench();
  const versions = new Versions();
  for (let index = 0; index < 50; index += 1) bench.write(`d${index % 5}/f${index}`, `content ${index}`);
  untilSettled();
  const first = versions.save(bench.engine);
  bench.write('d3/f3', 'changed');
  const second = versions.save(bench.engine, { base: first.root });
  expect(second.sent).toMatchObject({ lists: [], treeLists: [] });
  expect(second.sent.chunks).toHaveLength(1);
  expect(second.sent.trees).toHaveLength(2);
  expect(versions.paths(second.root)).toHaveLength(55);
});

test('a save without a change sends nothing and reads no file', () => {
  using bench = workspaceBench();
  const versions = new Versions();
  bench.write('d/f', 'content');
  fs.symlinkSync('f', bench.at('d/link'));
  untilSettled();
  const first = versions.save(bench.engine);
  const reads = vi.spyOn(fs, 'readSync');
  onTestFinished(() => reads.mockRestore());
  const second = versions.save(bench.engine, { base: first.root });
  expect(second.root).toBe(first.root);
  expect(Object.values(second.sent).flat()).toEqual([]);
  expect(reads).not.toHaveBeenCalled();
});

test('a change within the clock tick of the last save, to the same size and time, is noticed', () => {
  using bench = workspaceBench();
  const versions = new Versions();
  let last = versions.save(bench.engine);
  for (let round = 0; round < 50; round += 1) {
    fs.writeFileSync(bench.at('f'), `round ${String(round).padStart(3, '0')}`);
    fs.utimesSync(bench.at('f'), 1, 1);
    last = versions.save(bench.engine, { base: last.root });
    const entry = entryOf(versions, last.root, 'f');
    expect(entry?.kind === 'file' && versions.content(entry).toString()).toBe(
      `round ${String(round).padStart(3, '0')}`,
    );
  }
});

test('a file that changes once while it is read is read again, and not named', () => {
  using bench = workspaceBench();
  const versions = new Versions();
  bench.write('f', 'before');
  afterRead(() => fs.appendFileSync(bench.at('f'), ' and after'));
  const { root, summary } = versions.save(bench.engine);
  expect(summary.changed).toEqual([]);
  const entry = entryOf(versions, root, 'f');
  expect(entry?.kind === 'file' && versions.content(entry).toString()).toBe('before and after');
});

test('a file that never stands still is saved as read and named; the next save looks again', () => {
  using bench = workspaceBench();
  const versions = new Versions();
  bench.write('log', 'x');
  const real = fs.readSync;
  const spy = vi.spyOn(fs, 'readSync').mockImplementation((...args: Parameters<typeof real>) => {
    const count = real(...args);
    fs.appendFileSync(bench.at('log'), 'x');
    return count;
  });
  const { root, summary } = versions.save(bench.engine);
  spy.mockRestore();
  expect(summary.changed).toEqual(['log']);
  const entry = entryOf(versions, root, 'log');
  expect(entry?.kind === 'file' && versions.content(entry).length).toBe(entry?.kind === 'file' && entry.size);
  const next = versions.save(bench.engine, { base: root });
  const now = entryOf(versions, next.root, 'log');
  expect(now?.kind === 'file' && versions.content(now).toString()).toBe(fs.readFileSync(bench.at('log'), 'utf8'));
});

test.each([
  ['a FIFO', (path: string) => execFileSync('mkfifo', [path])],
  ['a directory', (path: string) => fs.mkdirSync(path)],
  ['a link out of the workspace', (path: string) => fs.symlinkSync('/etc/passwd', path)],
  ['nothing', () => {}],
])('a file that became %s between looking and opening breaks nothing and is never followed', (_what, replace) => {
  using bench = workspaceBench();
  const versions = new Versions();
  bench.write('a', 'first');
  bench.write('b', 'second');
  // Reading `a` comes before looking at `b`: replace `b` when the walk has seen it, at its own open.
  const real = fs.closeSync;
  const spy = vi.spyOn(fs, 'closeSync').mockImplementationOnce((fd) => {
    real(fd);
    fs.rmSync(bench.at('b'));
    replace(bench.at('b'));
  });
  const { root, summary } = versions.save(bench.engine);
  spy.mockRestore();
  expect(versions.paths(root)).toContain('a');
  expect(JSON.stringify(versions.paths(root)) + JSON.stringify(summary)).not.toContain('root:');
  const b = entryOf(versions, root, 'b');
  expect(b?.kind).not.toBe('file');
});

test('sockets, FIFOs and devices are skipped and named', async () => {
  using bench = workspaceBench();
  const versions = new Versions();
  execFileSync('mkfifo', [bench.at('fifo')]);
  const server = createServer().listen(bench.at('socket'));
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  bench.write('file', 'kept');
  const { root, summary } = versions.save(bench.engine);
  expect(versions.paths(root)).toEqual(['file']);
  expect(summary.skipped.map(({ path }) => path)).toEqual(['fifo', 'socket']);
});

test('what the agent may not read is skipped and named; everything beside it is saved', () => {
  using bench = workspaceBench();
  const versions = new Versions();
  bench.write('secret', 'x');
  bench.write('closed/inside', 'x');
  bench.write('open', 'x');
  fs.chmodSync(bench.at('secret'), 0);
  fs.chmodSync(bench.at('closed'), 0);
  const { root, summary } = asNobody(bench, () => versions.save(bench.engine));
  fs.chmodSync(bench.at('closed'), 0o755);
  expect(versions.paths(root)).toEqual(['open']);
  expect(summary.skipped).toEqual([
    { path: 'closed', reason: 'unreadable: EACCES' },
    { path: 'secret', reason: 'unreadable: EACCES' },
  ]);
});

test('hard links are saved as files whose content is sent once, sparse files as their bytes', () => {
  using bench = workspaceBench();
  const versions = new Versions();
  bench.write('one', 'shared');
  fs.linkSync(bench.at('one'), bench.at('two'));
  fs.writeFileSync(bench.at('sparse'), '');
  fs.truncateSync(bench.at('sparse'), 20 * 1024 * 1024);
  const { root, sent } = versions.save(bench.engine);
  expect(new Set(sent.chunks).size).toBe(sent.chunks.length);
  expect(entryOf(versions, root, 'one')).toMatchObject({
    content: (entryOf(versions, root, 'two') as { content: unknown }).content,
  });
  const sparse = entryOf(versions, root, 'sparse');
  expect(sparse?.kind === 'file' && versions.content(sparse).equals(Buffer.alloc(20 * 1024 * 1024))).toBe(true);
});

test('a long file is named by a list, which two equal files share', () => {
  using bench = workspaceBench();
  const versions = new Versions();
  const content = Buffer.alloc(24 * 1024 * 1024);
  for (let at = 0; at < content.length; at += 4) content.writeUInt32LE((at * 2_654_435_761) >>> 0, at);
  bench.write('one', content);
  bench.write('two', content);
  const { root, sent } = versions.save(bench.engine);
  expect(sent.lists).toHaveLength(1);
  const two = entryOf(versions, root, 'two');
  expect(two?.kind === 'file' && versions.content(two).equals(content)).toBe(true);
});

test('a file whose bytes are those of a tree, a list or an empty directory changes nothing', () => {
  using bench = workspaceBench();
  const versions = new Versions();
  bench.write('a', encodeTree([]));
  fs.mkdirSync(bench.at('empty'));
  const before = versions.save(bench.engine);
  bench.write('0', versions.plain(before.root));
  const { root } = versions.save(bench.engine);
  expect(versions.paths(root)).toEqual(['0', 'a', 'empty/']);
  expect(decodeTree(versions.plain(before.root)).map(({ name }) => name)).toEqual(['a', 'empty']);
  using other = workspaceBench();
  other.write('a-copy', versions.plain(before.root));
  const saved = versions.save(other.engine);
  expect(saved.sent.trees).toContain(saved.root);
});

test('a directory whose entries take more than an object may hold is cut into pieces and comes back whole', () => {
  using bench = workspaceBench();
  const versions = new Versions();
  fs.mkdirSync(bench.at('many'));
  for (let index = 0; index < 5000; index += 1) fs.symlinkSync('t'.repeat(200), bench.at(`many/${index}`));
  untilSettled();
  const first = versions.save(bench.engine);
  expect(first.sent.treeLists).toHaveLength(1);
  expect(versions.paths(first.root)).toHaveLength(5001);
  bench.write('other', 'x');
  const second = versions.save(bench.engine, { base: first.root });
  expect(second.sent).toMatchObject({ treeLists: [] });
  expect(second.sent.chunks).toHaveLength(1);
});

test('names of any bytes, modes of twelve bits and times before 1970 are kept', () => {
  using bench = workspaceBench();
  const versions = new Versions();
  const name = Buffer.from([0xff, 0x0a, 0xc3, 0x28, 0xed, 0xa0, 0x80]);
  fs.writeFileSync(Buffer.concat([Buffer.from(`${bench.workspace}/`), name]), 'x', { mode: 0o600 });
  bench.write('set', 'x');
  fs.chmodSync(bench.at('set'), 0o6755);
  execFileSync('touch', ['-h', '-d', '1960-02-29 20:45:52.123456789 UTC', bench.at('set')]);
  const { root } = versions.save(bench.engine);
  const entries = versions.tree(root);
  expect(entries.map((entry) => entry.name)).toEqual(['set', name.toString('latin1') as Raw]);
  expect(entries[0]).toMatchObject({ mode: 0o6755, mtimeSeconds: -310_446_848, mtimeNanoseconds: 123_456_789 });
  expect(describeTree(bench.workspace)).toHaveLength(2);
});
