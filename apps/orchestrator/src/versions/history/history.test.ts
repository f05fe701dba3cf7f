import type { Project } from '@rose/contract';
import { encodeFrame, encodeJsonFrame, FrameParser, type Frame } from '@rose/snapshot';
import { codeOf, failureOf, testOrchestrator, type Person, type TestOrchestrator } from '@rose/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStudio, type Studio } from '../../../test/zips.ts';
import { HISTORY_FRAME } from './history-format.ts';

let studio: Studio;
let elsewhere: TestOrchestrator;
let grace: Person;
let file: Uint8Array<ArrayBuffer>;
let count = 0;

beforeAll(async () => {
  studio = await openStudio();
  await studio.shell(String.raw`mkdir -p a/b empty; seq 400000 > long; echo one > a/b/page; ln -s nowhere link; cp a/b/page a/copy
    printf x > $'not\xffutf8'; chmod 4755 a/copy; touch -h -d '1999-12-31 23:59:59.123456789' link; : > zero
    for i in {1..9000}; do : > "empty/a rather long name of a file, so that the directory is cut $i"; done`);
  const first = await studio.save();
  await studio.shell('echo two > a/b/page; rm -r empty; head -c 20000000 /dev/urandom > random');
  await studio.save();
  await studio.ada.rose.versions.pin.mutate({ projectId: studio.project.id, version: first.version });
  await studio.ada.rose.versions.load.mutate({ projectId: studio.project.id, version: 1 });
  elsewhere = await testOrchestrator({ config: { runtime: 'process' } });
  grace = await elsewhere.signUp('Grace');
  file = await new Response(await studio.ada.rose.history(studio.project.id)).bytes();
});
afterAll(async () => {
  await elsewhere?.[Symbol.asyncDispose]();
  await studio[Symbol.asyncDispose]();
});

const take = (bytes: Uint8Array<ArrayBuffer>, person = grace): Promise<Project> =>
  person.rose.importHistory({ name: `taken ${(count += 1)}` }, new Blob([bytes]));
const roots = async ({ database }: TestOrchestrator['context'], projectId: number) =>
  (await database.prisma.projectVersion.findMany({ where: { projectId }, orderBy: { number: 'asc' } })).map(
    ({ rootTree, rootMtimeNs }) => [Buffer.from(rootTree).toString('hex'), rootMtimeNs],
  );
const framesOf = (bytes: Uint8Array): Frame[] => [...new FrameParser().push(bytes)];
const joined = (frames: readonly Frame[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(Buffer.concat(frames.map(({ type, payload }) => encodeFrame(type, payload))));

describe('a history', () => {
  it('makes the same project on another installation: every version, its number, time, kind and marks', async () => {
    const made = await take(file);
    expect(made).toMatchObject({ activeVersion: 1, state: 'running', owner: 'grace@example.org', forkedFrom: null });
    const [here, there] = [
      await studio.ada.rose.versions.list.query({ projectId: studio.project.id }),
      await grace.rose.versions.list.query({ projectId: made.id }),
    ];
    expect(there.map(({ storedBytes: _, ...version }) => version)).toEqual(
      here.map(({ storedBytes: _, ...version }) => ({ ...version, author: null })),
    );
    expect(await roots(elsewhere.context, made.id)).toEqual(
      await roots(studio.orchestrator.context, studio.project.id),
    );
    expect((await grace.rose.store.verify.mutate({})).damaged).toEqual([]);
    const page = () => grace.rose.workspace(made.id).files.read.query({ path: 'a/b/page' });
    expect((await page()).content).toBe('one\n');
    await grace.rose.versions.load.mutate({ projectId: made.id, version: 2 });
    expect((await page()).content).toBe('two\n');
    expect((await grace.rose.versions.save.mutate({ projectId: made.id })).version).toBe(here.at(-1)!.version + 1);
  });

  it('holds each object once, and comes out the same from where it was imported', async () => {
    const ids = framesOf(file)
      .filter(({ type }) => type < HISTORY_FRAME.header)
      .map(({ type, payload }) => `${type} ${payload.toString('hex', 0, 32)}`);
    expect(new Set(ids).size).toBe(ids.length);
    const made = await take(file);
    const again = await new Response(await grace.rose.history(made.id)).bytes();
    const objects = (bytes: Uint8Array) => framesOf(bytes).filter(({ type }) => type < HISTORY_FRAME.header);
    expect(Buffer.compare(joined(objects(again)), joined(objects(file)))).toBe(0);
  });

  it('of a project without versions makes one without versions', async () => {
    const bare = await studio.ada.rose.projects.create.mutate({ name: 'bare', description: 'nothing yet' });
    const bytes = await new Response(await studio.ada.rose.history(bare.id)).bytes();
    expect(await take(bytes)).toMatchObject({ activeVersion: null, state: 'running' });
    await studio.ada.rose.projects.delete.mutate({ projectId: bare.id });
  });

  it('of a damaged version breaks off, so that nobody takes it for whole', async () => {
    const { pool } = studio.orchestrator.context.database;
    const flip =
      'UPDATE "StoredObject" SET data = set_bit(data, 99, 1 - get_bit(data, 99)) WHERE octet_length(data) > 900000';
    await pool.query(flip);
    await expect(
      studio.ada.rose.history(studio.project.id).then((body) => new Response(body).bytes()),
    ).rejects.toThrow();
    await pool.query(flip);
  });
});

describe('a file that is no whole history makes no project', () => {
  const refusal = async (bytes: Uint8Array<ArrayBuffer>): Promise<string> => {
    const before = await grace.rose.projects.list.query();
    const { code, message } = await failureOf(take(bytes));
    expect(code).toBe('ARCHIVE_REFUSED');
    expect(await grace.rose.projects.list.query()).toEqual(before);
    return message;
  };

  it('when it is something else, or cut anywhere', async () => {
    expect(await refusal(new TextEncoder().encode('PK something else'))).toMatch(/Nothing was made/);
    expect(await refusal(new Uint8Array())).toMatch(/ends before the history does/);
    for (const share of [0.1, 0.5, 0.9999]) await refusal(file.slice(0, Math.floor(file.length * share)));
    const frames = framesOf(file);
    await refusal(joined(frames.slice(0, -1)));
    await refusal(joined([...frames, frames[1]!]));
  });

  it('when one bit of it is another', async () => {
    for (let at = 0; at < 12; at += 1) {
      const bytes = file.slice();
      const place = Math.floor((bytes.length - 1) * ((at * 0.618_034) % 1));
      bytes[place]! ^= 1 << (at % 8);
      await refusal(bytes);
    }
  });

  it('when an object is missing, though its owner has that object elsewhere', async () => {
    await take(file);
    const frames = framesOf(file);
    for (const type of [HISTORY_FRAME.chunk, HISTORY_FRAME.tree, HISTORY_FRAME.list]) {
      const victim = frames.findIndex((frame) => frame.type === type);
      const rest = frames.toSpliced(victim, 1);
      expect(await refusal(joined(rest))).toMatch(/missing|not as it was written/);
    }
  });

  it('when it tells versions that cannot be', async () => {
    const frames = framesOf(file);
    const at = frames.findIndex(({ type }) => type === HISTORY_FRAME.version);
    const version = JSON.parse(frames[at]!.payload.toString()) as Record<string, unknown>;
    for (const change of [
      { number: 0 },
      { root: 'ab'.repeat(32) },
      { kind: 'magic' },
      { rootMtimeNs: '9'.repeat(19) },
      { changed: ['\0'] },
      { message: 'a\0b' },
      { skipped: [{ path: 'a', reason: '\0' }] },
      { createdAt: '2026-02-31T00:00:00.000Z' },
    ]) {
      const [forged] = framesOf(encodeJsonFrame(HISTORY_FRAME.version, { ...version, ...change }));
      await refusal(joined(frames.with(at, forged!)));
    }
  });
});

it('a name that is taken is told before the file is read, and no name is wrong input', async () => {
  const { name } = await take(file);
  expect(await codeOf(grace.rose.importHistory({ name }, new Blob([file])))).toBe('NAME_TAKEN');
  expect(await codeOf(grace.rose.importHistory({ name: '12' }, new Blob([file])))).toBe('INVALID_INPUT');
});

it('nobody exports what is not his', async () => {
  const eve = await studio.orchestrator.signUp('Eve');
  expect(await codeOf(eve.rose.history(studio.project.id))).toBe('NOT_FOUND');
});
