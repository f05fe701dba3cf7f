import { codeOf, failureOf, testOrchestrator, type Person, type TestOrchestrator } from '@rose/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let house: TestOrchestrator;
let ada: Person;
let grace: Person;
/** Ada's, shared with Grace; and Grace's own. */
let library: number;
let target: number;

beforeAll(async () => {
  house = await testOrchestrator({ config: { runtime: 'process' } });
  ada = await house.signUp('Ada');
  grace = await house.signUp('Grace');
  library = (await ada.rose.projects.create.mutate({ name: 'library' })).id;
  await shell(
    ada,
    library,
    `mkdir -p src/deep; echo one > src/a; chmod 750 src/a; echo deep > src/deep/b
    head -c 3000000 /dev/urandom > src/large; ln -s a src/link; touch -d '2001-02-03 04:05:06.123456789' src/a; echo secret > other`,
  );
  await ada.rose.versions.save.mutate({ projectId: library });
  await shell(ada, library, 'echo two > src/a; rm src/deep/b');
  await ada.rose.versions.save.mutate({ projectId: library });
  await ada.rose.projects.members.add.mutate({ projectId: library, email: grace.email, role: 'viewer' });
  target = (await grace.rose.projects.create.mutate({ name: 'target' })).id;
  await shell(grace, target, 'mkdir src; echo mine > src/a; echo kept > kept; echo only-here > src/own');
  await grace.rose.versions.save.mutate({ projectId: target });
});
afterAll(() => house?.[Symbol.asyncDispose]());

async function shell(who: Person, projectId: number, script: string): Promise<string> {
  let out = '';
  const onStdout = (bytes: Uint8Array): void => void (out += Buffer.from(bytes).toString());
  const { code } = await who.rose.workspace(projectId).run(['bash', '-ec', script], { onStdout });
  expect(code).toBe(0);
  return out;
}
const listing = (who: Person, projectId: number, directory: string) =>
  shell(
    who,
    projectId,
    String.raw`find ${directory} \( -type f -o -type l \) -printf '%p %y %m %T@ %l\n' | sort; find ${directory} -type f | sort | xargs sha256sum`,
  );
const from = (version?: number, projectId = library) => ({ projectId: target, from: { projectId, version } });
const load = (paths: string[], version?: number) => grace.rose.versions.load.mutate({ ...from(version), paths });
const read = async (path: string) => (await grace.rose.workspace(target).files.read.query({ path })).content;
const objectsOf = (who: Person) => house.context.database.prisma.storedObject.count({ where: { ownerId: who.id } });

describe('paths of another project, also of another owner', () => {
  it('come as they are there; a dry run says so beforehand, and what was unsaved is kept', async () => {
    await shell(grace, target, 'echo unsaved > src/a');
    const plan = await grace.rose.versions.plan.query({ ...from(1), paths: ['src'] });
    expect(plan.paths).toEqual(
      expect.arrayContaining([
        { path: 'src/large', action: 'write' },
        { path: 'src/own', action: 'remove' },
      ]),
    );
    const objects = await objectsOf(grace);
    const result = await load(['src'], 1);
    const { written, removed } = plan;
    expect(result).toMatchObject({ version: 1, checkpoint: 2, written, removed, conflicts: [] });
    await ada.rose.versions.load.mutate({ projectId: library, version: 1 });
    expect(await listing(grace, target, 'src')).toBe(await listing(ada, library, 'src'));
    await ada.rose.versions.load.mutate({ projectId: library, version: 2 });
    expect(await read('kept')).toBe('kept\n');
    // Nothing of them is stored before somebody saves: the checkpoint's file, its two directories, nothing else.
    expect((await objectsOf(grace)) - objects).toBe(3);
    const versions = await grace.rose.versions.list.query({ projectId: target });
    expect(versions.map(({ kind, active, message }) => [kind, active, message])).toEqual([
      ['manual', true, ''],
      ['before-load', false, `Before the load of version 1 of project ${library}`],
    ]);
  });

  it('are undone as every load is', async () => {
    expect(await grace.rose.versions.undo.mutate({ projectId: target })).toMatchObject({ version: 2 });
    expect(await read('src/a')).toBe('unsaved\n');
    expect(await shell(grace, target, 'ls src')).toBe('a\nown\n');
  });

  it('come of the active version where none is named, and of globs', async () => {
    await load(['src/*'], undefined);
    expect(await read('src/a')).toBe('two\n');
    expect(await shell(grace, target, 'ls src')).toBe('a\ndeep\nlarge\nlink\n');
  });

  it('are saved like anything else, and stay when they are gone where they came from', async () => {
    const saved = await grace.rose.versions.save.mutate({ projectId: target });
    expect(saved.storedBytes).toBeGreaterThan(3_000_000);
    expect((await grace.rose.store.verify.mutate({})).damaged).toEqual([]);
    await grace.rose.store.collect.mutate({});
    expect((await grace.rose.store.verify.mutate({})).damaged).toEqual([]);
  });

  it('stay safe from a version that is deleted and collected while they come', async () => {
    const { version } = await ada.rose.versions.save.mutate({ projectId: library, message: 'to be deleted' });
    await shell(ada, library, 'head -c 5000000 /dev/urandom > src/large');
    const last = await ada.rose.versions.save.mutate({ projectId: library });
    await ada.rose.versions.load.mutate({ projectId: library, version });
    await shell(grace, target, 'rm -r src');
    const loading = load(['src'], last.version);
    const deleting = (async () => {
      await ada.rose.versions.delete.mutate({ projectId: library, version: last.version });
      await ada.rose.store.collect.mutate({});
    })();
    const [loaded, deleted] = await Promise.allSettled([loading, deleting]);
    expect(deleted.status).toBe('fulfilled');
    // It came whole, or it was gone before it began.
    if (loaded.status === 'rejected') expect(await codeOf(Promise.reject(loaded.reason as Error))).toBe('NOT_FOUND');
    else expect(await shell(grace, target, 'stat -c %s src/large')).toBe('5000000\n');
  });

  it('are not another’s to take without a right to read there', async () => {
    const eve = await house.signUp('Eve');
    const own = await eve.rose.projects.create.mutate({ name: 'own' });
    const steal = { projectId: own.id, from: { projectId: library, version: 1 }, paths: ['other'] };
    const hers = await failureOf(eve.rose.versions.load.mutate(steal));
    const nobodys = await failureOf(eve.rose.versions.load.mutate({ ...steal, from: { projectId: 999_999 } }));
    expect([hers.code, nobodys.code]).toEqual(['NOT_FOUND', 'NOT_FOUND']);
    expect(hers.message.replace(String(library), 'N')).toBe(nobodys.message.replace('999999', 'N'));
    expect(await codeOf(eve.rose.versions.plan.query(steal))).toBe('NOT_FOUND');
  });

  it('must be named, and be there', async () => {
    expect(await codeOf(grace.rose.versions.load.mutate(from(1)))).toBe('INVALID_INPUT');
    expect(await codeOf(grace.rose.versions.load.mutate({ ...from(1), version: 1, paths: ['src'] }))).toBe(
      'INVALID_INPUT',
    );
    expect(await codeOf(load(['nowhere'], 1))).toBe('NOT_FOUND');
    expect(await codeOf(load(['src'], 99))).toBe('NOT_FOUND');
  });
});

it('a load that names its own project is one of its own versions', async () => {
  const own = { projectId: target, from: { projectId: target, version: 1 }, paths: ['src/a'] };
  await grace.rose.versions.load.mutate(own);
  expect(await read('src/a')).toBe('mine\n');
});

describe('files whose bytes a power cut took after they came', () => {
  /** What such a cut leaves: the name and the time of the load, other bytes, and a journal of before the start. */
  const powerCut = async (path: string): Promise<void> => {
    await shell(
      grace,
      target,
      String.raw`journal=~/.rose/load/journal; until grep -q '"settled"' $journal; do sleep 0.1; done
        sed -i '/"line":"settled"/d; s/"bootId":"[^"]*"/"bootId":"before"/' $journal
        touch -r ${path} ~/stamp; printf XXXX > ${path}; touch -r ~/stamp ${path}; rm ~/stamp`,
    );
    await grace.rose.containers.stop.mutate({ projectId: target });
  };

  it('come again from where they came', async () => {
    await load(['src/a'], 1);
    await powerCut('src/a');
    expect(await read('src/a')).toBe('one\n');
  });

  it('make the project need attention when that is gone; loading a whole version is the way out', async () => {
    await shell(ada, library, 'echo soon > src/a');
    const { version } = await ada.rose.versions.save.mutate({ projectId: library });
    await load(['src/a'], version);
    await powerCut('src/a');
    await ada.rose.versions.load.mutate({ projectId: library, version: 1 });
    await ada.rose.versions.delete.mutate({ projectId: library, version });
    const { code, message } = await failureOf(read('src/a'));
    expect(code).toBe('NEEDS_ATTENTION');
    expect(message).toContain('A power cut damaged files of the last load ("src/a")');
    await grace.rose.versions.load.mutate({ projectId: target, version: 1 });
    expect(await read('src/a')).toBe('mine\n');
  });
});
