import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { describeTree } from '../../test/disk-tree.ts';
import { Versions } from '../../test/versions.ts';
import { untilSettled, workspaceBench, type Bench } from '../../test/workspace-bench.ts';

const names = ['plain', 'd/inner', 'with\nnewline', 'a\\b'];

/** Some shape of the workspace, by a number. */
function shape(bench: Bench, which: number): void {
  execFileSync('chmod', ['-R', 'u+rwx', bench.workspace]);
  fs.rmSync(bench.workspace, { recursive: true });
  fs.mkdirSync(bench.workspace);
  bench.write(names[which % 4]!, `content ${which}`);
  bench.write('always', which % 2 === 0 ? 'even' : 'odd');
  const kinds = [
    () => bench.write('x', 'a file'),
    () => bench.write('x/below/deep', 'in a directory'),
    () => fs.symlinkSync('nowhere', bench.at('x')),
    () => fs.mkdirSync(bench.at('x')),
    () => {},
  ];
  kinds[which % 5]!();
  bench.write('closed/f', `closed ${which}`);
  fs.chmodSync(bench.at('closed/f'), 0o444);
  fs.chmodSync(bench.at('closed'), which % 3 === 0 ? 0o555 : 0o711);
  execFileSync('touch', [
    '-h',
    '-d',
    `2001-0${(which % 9) + 1}-01 00:00:00.00000000${which % 10}`,
    bench.at('closed'),
    bench.workspace,
  ]);
}

test('every version loads over every other one exactly, whatever kinds of entries follow each other', async () => {
  using bench = workspaceBench();
  const versions = new Versions();
  const saved = [0, 1, 2, 3, 4, 8].map((which) => {
    shape(bench, which);
    return { tree: describeTree(bench.workspace), version: versions.save(bench.engine) };
  });
  for (const [index, from] of saved.entries()) {
    for (const to of saved.slice(index + 1).flatMap((other) => [other, from])) {
      expect(versions.load(bench.engine, to.version).conflicts).toEqual([]);
      expect(describeTree(bench.workspace)).toEqual(to.tree);
      expect(versions.save(bench.engine, { base: to.version.root }).root).toBe(to.version.root);
    }
    await setImmediate();
  }
});

test('a save after a load reads nothing, sends nothing and finds the version that was loaded', () => {
  using bench = workspaceBench();
  const versions = new Versions();
  shape(bench, 1);
  const first = versions.save(bench.engine);
  shape(bench, 3);
  versions.save(bench.engine);
  untilSettled();
  const live = versions.save(bench.engine, { scan: true });
  versions.stage(bench.engine, live, first);
  versions.apply(bench.engine);
  const reads = vi.spyOn(fs, 'readSync');
  onTestFinished(() => reads.mockRestore());
  const next = versions.save(bench.engine, { base: first.root });
  expect(next.root).toBe(first.root);
  expect(Object.values(next.sent).flat()).toEqual([]);
  expect(reads).not.toHaveBeenCalled();
});

/** A workspace at version two, scanned for a load of version one, with one thing done to it since. */
function meanwhile(deed: (bench: Bench) => void, prepare: (bench: Bench) => void = () => {}) {
  const bench = workspaceBench();
  onTestFinished(() => bench[Symbol.dispose]());
  const versions = new Versions();
  bench.write('changed', 'one');
  bench.write('dropped', 'one');
  bench.write('mode', 'same');
  bench.write('restored/f', 'one');
  const first = versions.save(bench.engine);
  bench.write('changed', 'two');
  fs.rmSync(bench.at('restored'), { recursive: true });
  bench.write('added', 'two');
  bench.write('directory/added', 'two');
  fs.chmodSync(bench.at('mode'), 0o700);
  prepare(bench);
  untilSettled();
  const live = versions.save(bench.engine);
  versions.stage(bench.engine, live, first);
  deed(bench);
  return { bench, conflicts: versions.apply(bench.engine).conflicts, versions, first };
}

const read = (bench: Bench, name: string): string => fs.readFileSync(bench.at(name), 'utf8');

test('a load without anything beside it has no conflicts', () => {
  const { bench, conflicts, versions, first } = meanwhile(() => {});
  expect(conflicts).toEqual([]);
  expect(versions.save(bench.engine).root).toBe(first.root);
});

test('a file that somebody changed after the scan stays as he wrote it and is named', () => {
  const { bench, conflicts } = meanwhile((now) => fs.writeFileSync(now.at('changed'), 'his'));
  expect(conflicts).toEqual(['changed']);
  expect(read(bench, 'changed')).toBe('his');
});

test('a file that somebody changed to the same size and time after the scan stays and is named', () => {
  const { bench, conflicts } = meanwhile(
    (now) => {
      const { atime, mtime } = fs.statSync(now.at('changed'));
      fs.writeFileSync(now.at('changed'), 'his');
      fs.utimesSync(now.at('changed'), atime, mtime);
    },
    (now) => now.write('changed', 'two'),
  );
  // Its stamps are those of the scan but for ctime.
  expect(conflicts).toEqual(['changed']);
  expect(read(bench, 'changed')).toBe('his');
});

test('a file that somebody replaced by another one after the scan stays and is named', () => {
  const { bench, conflicts } = meanwhile((now) => {
    fs.writeFileSync(now.at('../new'), 'his');
    fs.renameSync(now.at('../new'), now.at('changed'));
  });
  expect(conflicts).toEqual(['changed']);
  expect(read(bench, 'changed')).toBe('his');
});

test('what somebody deleted after the scan is named and not made again over his decision', () => {
  const { bench, conflicts } = meanwhile((now) => fs.rmSync(now.at('changed')));
  expect(conflicts).toEqual(['changed']);
  expect(fs.existsSync(bench.at('changed'))).toBe(false);
});

test.each([
  ['a file', (path: string) => fs.writeFileSync(path, 'his')],
  ['a link', (path: string) => fs.symlinkSync('his', path)],
  ['a FIFO', (path: string) => execFileSync('mkfifo', [path])],
])('where somebody made %s after the scan, the load puts nothing', (_what, make) => {
  const { bench, conflicts } = meanwhile((now) => make(now.at('restored')));
  expect(conflicts).toContain('restored');
  expect(fs.lstatSync(bench.at('restored')).isDirectory()).toBe(false);
});

test('a new file in a directory that goes stays, with the directory, which is named', () => {
  const { bench, conflicts } = meanwhile((now) => fs.writeFileSync(now.at('directory/his'), 'his'));
  expect(conflicts).toEqual(['directory']);
  expect(fs.readdirSync(bench.at('directory'))).toEqual(['his']);
});

test('a change of a file of which only the mode is loaded is neither lost nor hidden from the next save', () => {
  const { bench, conflicts, versions } = meanwhile((now) => fs.writeFileSync(now.at('mode'), 'diff'));
  expect(conflicts).toEqual(['mode']);
  const { root } = versions.save(bench.engine);
  const entry = versions.tree(root).find(({ name }) => name === 'mode');
  expect(entry?.kind === 'file' && versions.content(entry).toString()).toBe('diff');
});

test('a change in the moment between looking at a file and setting its time is seen by the next save', () => {
  const real = fs.fchmodSync;
  const { bench, versions } = meanwhile((now) => {
    const spy = vi.spyOn(fs, 'fchmodSync').mockImplementation((fd, mode) => {
      real(fd, mode);
      if (fs.readlinkSync(`/proc/self/fd/${fd}`).endsWith('/mode')) fs.writeFileSync(now.at('mode'), 'diff');
    });
    onTestFinished(() => spy.mockRestore());
  });
  const { root } = versions.save(bench.engine);
  const entry = versions.tree(root).find(({ name }) => name === 'mode');
  expect(entry?.kind === 'file' && versions.content(entry).toString()).toBe('diff');
});

test('a link that somebody replaced is not given the time of another, nor saved as the old one', () => {
  using bench = workspaceBench();
  const versions = new Versions();
  fs.symlinkSync('target', bench.at('link'));
  execFileSync('touch', ['-h', '-d', '2001-01-01', bench.at('link')]);
  const first = versions.save(bench.engine);
  execFileSync('touch', ['-h', '-d', '2002-02-02', bench.at('link')]);
  untilSettled();
  versions.stage(bench.engine, versions.save(bench.engine), first);
  fs.rmSync(bench.at('link'));
  fs.symlinkSync('theirs', bench.at('link'));
  expect(versions.apply(bench.engine).conflicts).toEqual(['link']);
  const entry = versions.tree(versions.save(bench.engine).root)[0];
  expect(entry).toMatchObject({ kind: 'symlink', target: 'theirs' });
});

test('what a version cannot hold survives a load that takes away all around it', () => {
  using bench = workspaceBench();
  const versions = new Versions();
  const empty = versions.save(bench.engine);
  bench.write('d/file', 'x');
  execFileSync('mkfifo', [bench.at('d/fifo')]);
  const { conflicts } = versions.load(bench.engine, empty);
  expect(conflicts).toEqual(['d']);
  expect(fs.readdirSync(bench.at('d'))).toEqual(['fifo']);
});

test('a load that was planned from an older scan touches nothing', () => {
  using bench = workspaceBench();
  const versions = new Versions();
  const empty = versions.save(bench.engine);
  bench.write('f', 'one');
  const live = versions.save(bench.engine);
  bench.write('f', 'two');
  versions.save(bench.engine, { scan: true });
  expect(() => versions.stage(bench.engine, live, empty)).toThrow(expect.objectContaining({ code: 'CONFLICT' }));
  bench.engine.endLoad();
  expect(read(bench, 'f')).toBe('two');
});

test('a load whose frames end early touches nothing and leaves nothing behind', () => {
  using bench = workspaceBench();
  const versions = new Versions();
  bench.write('f', 'one');
  const first = versions.save(bench.engine);
  bench.write('f', 'two');
  versions.stage(bench.engine, versions.save(bench.engine), first);
  bench.engine.endLoad();
  expect(read(bench, 'f')).toBe('two');
  expect(fs.readdirSync(bench.own)).toEqual([]);
  expect(versions.load(bench.engine, first).conflicts).toEqual([]);
  expect(read(bench, 'f')).toBe('one');
});
