import fs from 'node:fs';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Versions } from '../../test/versions.ts';
import { untilSettled, workspaceBench, type Bench } from '../../test/workspace-bench.ts';

function fill(bench: Bench): void {
  for (let index = 0; index < 30; index += 1) bench.write(`d${index % 3}/f${index}`, `content ${index}`);
  fs.mkdirSync(bench.at('empty'));
  fs.symlinkSync('nowhere', bench.at('link'));
  fs.writeFileSync(Buffer.concat([Buffer.from(`${bench.workspace}/`), Buffer.from([0xff, 0x0a])]), 'raw');
  untilSettled();
}

function countReads(): () => number {
  const spy = vi.spyOn(fs, 'readSync');
  onTestFinished(() => spy.mockRestore());
  return () => spy.mock.calls.length;
}

test('after a restart a save reads only what changed', () => {
  using bench = workspaceBench();
  const versions = new Versions();
  fill(bench);
  const first = versions.save(bench.engine);
  bench.engine.persist();
  bench.write('d1/f1', 'changed');
  bench.restart();
  const reads = countReads();
  const second = versions.save(bench.engine, { base: first.root });
  expect(reads()).toBe(1);
  expect(second.sent.chunks).toHaveLength(1);
  expect(second.sent.trees).toHaveLength(2);
  expect(versions.paths(second.root)).toHaveLength(36);
});

const path = (bench: Bench): string => `${bench.own}/stat-cache.json`;

test.each<[string, (bench: Bench) => void]>([
  ['gone', (bench) => fs.rmSync(path(bench))],
  ['empty', (bench) => fs.writeFileSync(path(bench), '')],
  ['cut', (bench) => fs.truncateSync(path(bench), Math.floor(fs.statSync(path(bench)).size / 2))],
  ['a directory', (bench) => (fs.rmSync(path(bench)), fs.mkdirSync(path(bench)))],
  ['no JSON', (bench) => fs.writeFileSync(path(bench), 'nonsense\n{}')],
  ['of an older format', (bench) => fs.writeFileSync(path(bench), JSON.stringify({ format: 1 }))],
])('a cache that is %s makes a save slower, not different', (_what, damage) => {
  using bench = workspaceBench();
  const versions = new Versions();
  fill(bench);
  const first = versions.save(bench.engine);
  bench.engine.persist();
  damage(bench);
  bench.restart();
  expect(versions.save(bench.engine, { base: first.root }).root).toBe(first.root);
});

test('a cache with any byte changed makes a save slower, not different', () => {
  using bench = workspaceBench();
  const versions = new Versions();
  fill(bench);
  const first = versions.save(bench.engine);
  bench.engine.persist();
  const good = fs.readFileSync(path(bench));
  for (let at = 0; at < good.length; at += 37) {
    const bad = Buffer.from(good);
    bad[at]! ^= 4;
    fs.writeFileSync(path(bench), bad);
    bench.restart();
    expect(versions.save(bench.engine, { base: first.root }).root).toBe(first.root);
  }
});

test('the cache of another workspace, or of the same before it was copied, is of no use and does no harm', () => {
  using bench = workspaceBench();
  using other = workspaceBench();
  const versions = new Versions();
  fill(bench);
  fs.cpSync(bench.workspace, other.workspace, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  fs.writeFileSync(other.at('d1/f1'), 'CONTENT 1');
  fs.utimesSync(other.at('d1/f1'), 1_600_000_000, 1_600_000_000);
  const first = versions.save(bench.engine);
  bench.engine.persist();
  fs.copyFileSync(path(bench), path(other));
  other.restart();
  const saved = versions.save(other.engine, { base: first.root });
  using fresh = workspaceBench();
  fs.rmSync(fresh.workspace, { recursive: true });
  fs.renameSync(other.workspace, fresh.workspace);
  expect(versions.save(fresh.engine).root).toBe(saved.root);
  expect(saved.root).not.toBe(first.root);
});

test('a base that the agent did not save from has everything sent again', () => {
  using bench = workspaceBench();
  const versions = new Versions();
  fill(bench);
  const first = versions.save(bench.engine);
  for (const base of [null, 'ab'.repeat(32)]) {
    const again = versions.save(bench.engine, { base });
    expect(again.root).toBe(first.root);
    expect(new Set(again.sent.chunks)).toEqual(new Set(first.sent.chunks));
    expect(again.sent.trees).toHaveLength(first.sent.trees.length);
  }
});

test('a scan stores nothing: what it saw is sent by the next save', () => {
  using bench = workspaceBench();
  const versions = new Versions();
  fill(bench);
  const first = versions.save(bench.engine);
  bench.write('d1/f1', 'changed');
  untilSettled();
  const scan = versions.save(bench.engine, { base: first.root, scan: true });
  expect(scan.sent.chunks).toEqual([]);
  const second = versions.save(bench.engine, { base: first.root });
  expect(second.root).toBe(scan.root);
  expect(second.sent.chunks).toHaveLength(1);
  const other = new Versions();
  expect(() => other.paths(other.save(bench.engine, { scan: true }).root)).toThrow();
});

test('a full save reads every file and names what the cache was wrong about', () => {
  using bench = workspaceBench();
  const versions = new Versions();
  fill(bench);
  const first = versions.save(bench.engine);
  const reads = countReads();
  const { summary, root } = versions.save(bench.engine, { base: first.root, full: true });
  expect(reads()).toBe(31);
  expect(summary.mismatched).toEqual([]);
  expect(root).toBe(first.root);
});
