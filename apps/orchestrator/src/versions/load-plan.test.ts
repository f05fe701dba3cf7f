import { statfsSync } from 'node:fs';
import type { LoadPlan } from '@rose/contract';
import { encodeList, encodeTree, idOf, MAX_LIST_CHUNKS, MAX_OBJECT_BYTES, type Raw } from '@rose/snapshot';
import { codeOf, failureOf } from '@rose/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { objectOf } from '../../test/store-bench.ts';
import { openStudio, type Studio } from '../../test/zips.ts';
import { PostgresObjects } from '../drivers/objects/postgres-objects.ts';
import { VersionsRepository } from './versions-repository.ts';

let studio: Studio;
beforeAll(async () => {
  studio = await openStudio();
});
afterAll(() => studio[Symbol.asyncDispose]());

const id = () => ({ projectId: studio.project.id });
const versions = () => studio.ada.rose.versions;
type Selection = { version: number; paths?: string[] };
const plan = (selection: Selection) => versions().plan.query({ ...id(), ...selection });
const load = (selection: Selection) => versions().load.mutate({ ...id(), ...selection });

/** What each path is: its kind, and of a file or link all that a version keeps of it. */
async function listing(): Promise<Map<string, { kind: string; rest: string }>> {
  const found = await studio.shell(
    `find . -mindepth 1 -printf '%P|%y|%m %T@ %l' \\( -type f -exec sha256sum {} \\; -o -printf '\\n' \\)`,
  );
  const lines = found
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const [path = '', kind = '', rest = ''] = line.split('|');
      return [path, { kind, rest: kind === 'd' ? '' : rest }];
    }),
  );
}

/** What happened, in the words of a dry run. */
function happened(before: Awaited<ReturnType<typeof listing>>, after: typeof before): LoadPlan['paths'] {
  const paths: LoadPlan['paths'] = [];
  for (const path of [...new Set([...before.keys(), ...after.keys()])]) {
    const [old, now] = [before.get(path), after.get(path)];
    if (old !== undefined && old.kind !== now?.kind) paths.push({ path, action: 'remove' });
    if (now !== undefined && (old?.kind !== now.kind || old.rest !== now.rest)) paths.push({ path, action: 'write' });
  }
  return paths.toSorted(compare);
}

const compare = (a: { path: string; action: string }, b: typeof a): number =>
  a.path === b.path ? (a.action < b.action ? -1 : 1) : a.path < b.path ? -1 : 1;

/** Files, directories and links come, go, change and become each other, mostly by chance. */
const change = (seed: number): Promise<string> =>
  studio.shell(String.raw`
    RANDOM=${seed}
    for i in {1..25}; do
      path=d$((RANDOM % 3))/e$((RANDOM % 3))/n$((RANDOM % 4)).$((RANDOM % 2 ? 0 : 1))
      case $((RANDOM % 7)) in
        0) rm -rf "$path" ;;
        1) rm -rf "$path"; mkdir -p "$path"; echo $RANDOM > "$path/inside" ;;
        2) rm -rf "$path"; mkdir -p "$(dirname "$path")"; ln -s "to $((RANDOM % 3))" "$path" ;;
        3) test -f "$path" && chmod $((RANDOM % 2 ? 600 : 755)) "$path" || true ;;
        4) rm -rf "d$((RANDOM % 3))/e$((RANDOM % 3))" ;;
        *) rm -rf "$path"; mkdir -p "$(dirname "$path")"; seq $((RANDOM % 3 * 1000)) > "$path" ;;
      esac
    done; ls -d d* > /dev/null || mkdir -p d0/e0; touch d0/e0/n0.1 2>/dev/null || mkdir -p d0/e0 && touch d0/e0/n0.1`);

describe('a dry run', () => {
  it.each([1, 2, 3, 4, 5, 6])('says exactly what the load then does, of trees made by chance (%i)', async (seed) => {
    await change(seed * 2);
    const { version } = await studio.save();
    await change(seed * 2 + 1);
    const selections: Selection[] = [{ version, paths: ['d0'] }, { version, paths: ['*.1'] }, { version }];
    for (const selection of selections) {
      const before = await listing();
      const told = await plan(selection);
      expect(await plan(selection)).toEqual(told);
      const { written, removed, kept, bytes, conflicts } = await load(selection);
      expect(told).toMatchObject({ written, removed, kept, bytes, conflicts });
      expect(told.paths.toSorted(compare)).toEqual(happened(before, await listing()));
    }
    expect(await plan({ version })).toMatchObject({ written: 0, removed: 0, paths: [] });
  });
});

describe('a load of single paths', () => {
  const texts = async () => (await studio.shell('grep -r . src top.ts 2>/dev/null | sort')).trim().split('\n');
  let version: number;
  let other: number;
  beforeAll(async () => {
    await studio.shell(`find . -mindepth 1 -delete; mkdir -p src/deep
      for f in top.ts src/a.ts src/a.css src/deep/b.ts 'src/[a].ts'; do echo one > "$f"; done`);
    version = (await studio.save()).version;
    await studio.shell(
      `for f in top.ts src/a.ts src/a.css src/deep/b.ts 'src/[a].ts' src/new.ts src/new.css; do echo two > "$f"; done`,
    );
    other = (await studio.save()).version;
  });
  const back = () => versions().load.mutate({ ...id(), version: other });

  it('takes globs: of one directory, of every depth, of directories', async () => {
    await load({ version, paths: ['src/*.css'] });
    expect(await texts()).toEqual([
      'src/[a].ts:two',
      'src/a.css:one',
      'src/a.ts:two',
      'src/deep/b.ts:two',
      'src/new.ts:two',
      'top.ts:two',
    ]);
    await back();
    await load({ version, paths: ['*.ts'] });
    expect(await texts()).toEqual([
      'src/[a].ts:one',
      'src/a.css:two',
      'src/a.ts:one',
      'src/deep/b.ts:one',
      'src/new.css:two',
      'top.ts:one',
    ]);
    await back();
    await load({ version, paths: ['**/de?p'] });
    expect(await texts()).toContain('src/deep/b.ts:one');
    await back();
  });

  it('takes a path that the version has for itself, whatever characters it holds', async () => {
    const { written } = await load({ version, paths: ['src/[a].ts'] });
    expect([written, await texts()]).toEqual([1, expect.arrayContaining(['src/[a].ts:one', 'src/a.ts:two'])]);
    await back();
  });

  it('of a glob that matches nothing in the version is an error, and touches nothing', async () => {
    const before = await versions().list.query(id());
    expect(await codeOf(load({ version, paths: ['src/new.*'] }))).toBe('NOT_FOUND');
    expect(await codeOf(load({ version, paths: ['src/new.ts'] }))).toBe('NOT_FOUND');
    expect(await versions().list.query(id())).toEqual(before);
  });

  it('leaves the active version alone', async () => {
    await load({ version, paths: ['*.ts'] });
    expect((await versions().list.query(id())).find(({ active }) => active)).toMatchObject({ version: other });
    await back();
  });
});

describe('a load', () => {
  /** A version with files of half a TiB each, all of the same four MiB. */
  async function hugeVersion(files: number): Promise<number> {
    const { database } = studio.orchestrator.context;
    const chunk = objectOf(Buffer.alloc(MAX_OBJECT_BYTES));
    const list = objectOf(
      encodeList(Array.from({ length: MAX_LIST_CHUNKS }, () => ({ id: chunk.id, size: chunk.size }))),
    );
    const attributes = { mode: 0o644, mtimeSeconds: 1, mtimeNanoseconds: 0 };
    const size = MAX_LIST_CHUNKS * MAX_OBJECT_BYTES;
    const names = Array.from({ length: files }, (_, at) => `huge ${String(at).padStart(3, '0')}` as Raw);
    const entries = names.map((name) => ({
      ...attributes,
      kind: 'file' as const,
      name,
      size,
      content: { list: list.id },
    }));
    const root = encodeTree(entries);
    await using session = await new PostgresObjects(database.pool).beginSave(studio.ada.id);
    await session.put([chunk, list, objectOf(root, { entries: files, files, bytes: files * size, depth: 1 })]);
    return await new VersionsRepository(database.prisma).add({
      ...id(),
      root: idOf(root),
      rootMtimeNs: 0n,
      files,
      logicalBytes: files * size,
      message: '',
      kind: 'import',
      authorId: null,
      requestId: null,
      activates: false,
      storedBytes: 0,
      durationMs: 0,
      changed: [],
      skipped: [],
    });
  }

  it('that does not fit on the disk is refused before anything is touched', async () => {
    await studio.shell('find . -mindepth 1 -delete; echo here > page');
    const { version } = await studio.save();
    const { bavail, bsize } = statfsSync(studio.orchestrator.config.dataDir);
    const huge = await hugeVersion(Math.ceil((bavail * bsize) / (MAX_LIST_CHUNKS * MAX_OBJECT_BYTES)) + 1);
    const { code, details } = await failureOf(load({ version: huge }));
    expect(code).toBe('NO_SPACE');
    expect(details['needed']).toBeGreaterThan(Number(details['available']));
    expect(await studio.shell('ls -A; cat page')).toBe('page\nhere\n');
    expect((await versions().list.query(id())).find(({ active }) => active)).toMatchObject({ version });
    await versions().delete.mutate({ ...id(), version: huge });
  });

  it('leaves what runs running, with its files open', async () => {
    await studio.shell('find . -mindepth 1 -delete; mkdir place; echo one > place/page');
    const { version } = await studio.save();
    await studio.shell('echo two > place/page; echo new > place/new');
    const script = 'cd place; exec 3< page; echo begun; until [ -e stop ]; do sleep 0.05; done; pwd; cat <&3';
    let told = '';
    const collect = (bytes: Uint8Array): void => void (told += Buffer.from(bytes).toString());
    const running = studio.ada.rose.workspace(studio.project.id).run(['sh', '-c', script], { onStdout: collect });
    await expect.poll(() => told, { timeout: 20_000 }).toBe('begun\n');
    expect(await load({ version })).toMatchObject({ version, written: 1, removed: 1, conflicts: [] });
    expect(await studio.shell('ls place; cat place/page; touch place/stop')).toBe('page\none\n');
    expect((await running).code).toBe(0);
    expect(told).toMatch(/^begun\n.*\/place\ntwo\n$/);
  });
});
