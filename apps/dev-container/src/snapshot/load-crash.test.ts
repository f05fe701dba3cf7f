import fs from 'node:fs';
import type * as Disk from '@rose/snapshot/disk';
import { afterEach, expect, test, vi } from 'vitest';
import { describeTree } from '../../test/disk-tree.ts';
import { Versions } from '../../test/versions.ts';
import { workspaceBench, type Bench } from '../../test/workspace-bench.ts';

/** Not a DiskError: nothing between here and the disk knows what to do with it, as with a kill. */
class Killed extends Error {}

const death = vi.hoisted(() => ({ steps: 0, after: Number.POSITIVE_INFINITY }));

/** The real disk, until the process dies right after one of the steps that change it. */
vi.mock('@rose/snapshot/disk', async (importActual) => {
  const disk = await importActual<typeof Disk>();
  const mortal = <A extends unknown[], R>(deed: (...args: A) => R) => {
    return (...args: A): R => {
      if (death.steps >= death.after) throw new Killed();
      const result = deed(...args);
      death.steps += 1;
      if (death.steps >= death.after) throw new Killed();
      return result;
    };
  };
  const { rename, makeDirectory, removeDirectory, removeFile, setMtime, setMtimeFd } = disk;
  return {
    ...disk,
    rename: mortal(rename),
    makeDirectory: mortal(makeDirectory),
    removeDirectory: mortal(removeDirectory),
    removeFile: mortal(removeFile),
    setMtime: mortal(setMtime),
    setMtimeFd: mortal(setMtimeFd),
  };
});

afterEach(() => {
  death.after = Number.POSITIVE_INFINITY;
});

function prepare(bench: Bench) {
  const versions = new Versions();
  bench.write('changed', 'one');
  bench.write('dropped', 'one');
  bench.write('mode', 'same');
  bench.write('turns/into/a/file', 'one');
  fs.symlinkSync('one', bench.at('link'));
  fs.symlinkSync('one', bench.at('retimed'));
  bench.write('becomes', 'a directory');
  fs.mkdirSync(bench.at('emptied'));
  bench.write('closed/f', 'one');
  fs.chmodSync(bench.at('closed'), 0o555);
  const first = { ...versions.save(bench.engine), tree: describeTree(bench.workspace) };
  bench.write('changed', 'two');
  fs.rmSync(bench.at('dropped'));
  fs.chmodSync(bench.at('mode'), 0o741);
  fs.rmSync(bench.at('turns'), { recursive: true });
  bench.write('turns', 'a file');
  fs.rmSync(bench.at('link'));
  fs.symlinkSync('two', bench.at('link'));
  fs.lutimesSync(bench.at('retimed'), 5, 5);
  fs.rmSync(bench.at('becomes'));
  bench.write('becomes/deeper/f', 'two');
  fs.rmdirSync(bench.at('emptied'));
  bench.write('new/f', 'two');
  fs.chmodSync(bench.at('closed'), 0o755);
  bench.write('closed/f', 'two');
  bench.write('closed/g', 'two');
  fs.chmodSync(bench.at('closed'), 0o500);
  const second = { ...versions.save(bench.engine), tree: describeTree(bench.workspace) };
  return { versions, first, second };
}

test('a load that is killed after any of its steps is finished or undone by the next start, wholly', () => {
  let after = 0;
  const seen = { old: 0, loaded: 0 };
  for (let isThrough = false; !isThrough;) {
    after += 1;
    using bench = workspaceBench();
    const { versions, first, second } = prepare(bench);
    const live = versions.save(bench.engine, { scan: true });
    death.steps = 0;
    death.after = after;
    try {
      versions.stage(bench.engine, live, first);
      versions.apply(bench.engine);
      isThrough = true;
    } catch {
      // Dead. Whatever it wanted to do more did not happen.
    }
    death.after = Number.POSITIVE_INFINITY;
    const next = bench.restart();
    const standing = next.standing();
    const tree = describeTree(bench.workspace);
    const expected = standing === null ? second : first;
    expect(tree, `killed after ${after} steps`).toEqual(expected.tree);
    expect(standing?.outcome.conflicts ?? []).toEqual([]);
    expect(versions.save(next, { base: expected.root }).root).toBe(expected.root);
    expect(versions.load(next, standing === null ? first : second).conflicts).toEqual([]);
    seen[standing === null ? 'old' : 'loaded'] += 1;
  }
  expect(seen.old).toBeGreaterThan(5);
  expect(seen.loaded).toBeGreaterThan(20);
});

test('a start that is killed while it finishes a load is finished by the one after it', () => {
  for (let after = 1; after < 40; after += 3) {
    using bench = workspaceBench();
    const { versions, first, second } = prepare(bench);
    versions.stage(bench.engine, versions.save(bench.engine, { scan: true }), first);
    death.steps = 0;
    death.after = 4;
    expect(() => versions.apply(bench.engine)).toThrow();
    for (let starts = 0; starts < 4; starts += 1) {
      death.steps = 0;
      death.after = after;
      try {
        bench.restart().standing();
      } catch {
        // Killed again.
      }
    }
    death.after = Number.POSITIVE_INFINITY;
    expect(bench.restart().standing()).not.toBe(null);
    expect(describeTree(bench.workspace)).toEqual(first.tree);
    expect(second.tree).not.toEqual(first.tree);
  }
});

test('a change that came between taking a file aside and looking at it survives a kill in between', () => {
  using bench = workspaceBench();
  const { versions, first } = prepare(bench);
  versions.stage(bench.engine, versions.save(bench.engine, { scan: true }), first);
  death.steps = 0;
  // The first step of the plan is to take `becomes/deeper/f`… aside: die right after it.
  death.after = 1;
  expect(() => versions.apply(bench.engine)).toThrow();
  death.after = Number.POSITIVE_INFINITY;
  const [aside] = fs.readdirSync(`${bench.own}/load/aside`);
  fs.writeFileSync(`${bench.own}/load/aside/${aside}`, 'written through a descriptor that was open');
  const standing = bench.restart().standing();
  expect(standing?.outcome.conflicts).toContain('becomes/deeper/f');
  expect(fs.readFileSync(bench.at('becomes/deeper/f'), 'utf8')).toBe('written through a descriptor that was open');
});

test('a load that the disk stopped half-way is finished before the next save looks at the workspace', () => {
  using bench = workspaceBench();
  const { versions, first } = prepare(bench);
  versions.stage(bench.engine, versions.save(bench.engine, { scan: true }), first);
  death.steps = 0;
  death.after = 7;
  expect(() => versions.apply(bench.engine)).toThrow(expect.objectContaining({ code: 'NEEDS_ATTENTION' }));
  expect(() => versions.save(bench.engine)).toThrow();
  death.after = Number.POSITIVE_INFINITY;
  expect(versions.save(bench.engine).root).toBe(first.root);
  expect(describeTree(bench.workspace)).toEqual(first.tree);
});

test('a journal that cannot be read is not taken for none', () => {
  using bench = workspaceBench();
  const { versions, first } = prepare(bench);
  versions.stage(bench.engine, versions.save(bench.engine, { scan: true }), first);
  death.steps = 0;
  death.after = 5;
  expect(() => versions.apply(bench.engine)).toThrow();
  death.after = Number.POSITIVE_INFINITY;
  const journal = `${bench.own}/load/journal`;
  fs.renameSync(journal, `${journal}.away`);
  fs.mkdirSync(journal);
  expect(() => bench.restart().standing()).toThrow();
  fs.rmdirSync(journal);
  fs.renameSync(`${journal}.away`, journal);
  bench.restart().standing();
  expect(describeTree(bench.workspace)).toEqual(first.tree);
});
