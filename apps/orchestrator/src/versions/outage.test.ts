import { setTimeout as sleep } from 'node:timers/promises';
import type { Project } from '@rose/contract';
import { codeOf, testDatabase, testOrchestrator, type Person } from '@rose/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Cable } from '../../test/cable.ts';
import { workspaceTree } from '../../test/workspace-tree.ts';

const parts = new AsyncDisposableStack();
let cable: Cable;
let ada: Person;
let project: Project;

beforeAll(async () => {
  const database = parts.use(await testDatabase());
  cable = parts.use(new Cable(database.url));
  await cable.mend();
  const rose = parts.use(await testOrchestrator({ config: { databaseUrl: cable.url, runtime: 'process' } }));
  ada = await rose.signUp('Ada');
  project = await ada.rose.projects.create.mutate({ name: 'outage' });
});
afterAll(() => parts.disposeAsync());

async function shell(script: string): Promise<string> {
  let text = '';
  const onStdout = (chunk: Uint8Array): void => void (text += Buffer.from(chunk).toString('latin1'));
  const { code } = await ada.rose.workspace(project.id).run(['bash', '-ec', script], { onStdout });
  expect(code).toBe(0);
  return text;
}

const tree = () => workspaceTree({ shell });
const versions = () => ada.rose.versions.list.query({ projectId: project.id });
const save = () => ada.rose.versions.save.mutate({ projectId: project.id });
const load = (version: number) => ada.rose.versions.load.mutate({ projectId: project.id, version });
const fill = 'for i in $(seq 60); do head -c 300000 /dev/urandom > f$i; done; mkdir -p d; echo $RANDOM$RANDOM > d/g';

/** Cuts the way to the database at some moment of a deed, and mends it when the deed is over. */
async function cutDuring(deed: Promise<unknown>, afterMs: number): Promise<string> {
  const outcome = deed.then(
    () => 'done',
    (error: unknown) => codeOf(Promise.reject(error as Error)),
  );
  await sleep(afterMs);
  await cable.cut();
  const result = await outcome;
  await cable.mend();
  // The pool may not have noticed yet which of its connections are gone.
  await expect
    .poll(
      () =>
        versions().then(
          () => 'back',
          () => 'away',
        ),
      { timeout: 10_000 },
    )
    .toBe('back');
  return result;
}

it.each([0, 30, 80, 150, 250, 400, 700])(
  'a save that loses the database after %i ms says so and leaves nothing half; the next one works',
  async (ms) => {
    await shell(fill);
    const [before, now] = [await versions(), await tree()];
    expect(['done', 'DATABASE_UNAVAILABLE']).toContain(await cutDuring(save(), ms));
    const after = await versions();
    expect([before.length, before.length + 1]).toContain(after.length);
    expect(await tree()).toBe(now);
    const { version } = await save();
    await shell('rm -rf f* d');
    expect((await load(version)).conflicts).toEqual([]);
    expect(await tree()).toBe(now);
  },
);

it.each([0, 50, 120, 250, 400, 700])(
  'a load that loses the database after %i ms leaves the old or the new, and the rows agree with it',
  async (ms) => {
    await shell(`rm -rf *; ${fill}`);
    const target = await save();
    const wanted = await tree();
    await shell('rm -rf f1* d; mkdir f1; echo x > f1/x; echo changed > f2');
    const old = await save();
    const held = await tree();
    expect(['done', 'DATABASE_UNAVAILABLE']).toContain(await cutDuring(load(target.version), ms));
    const now = await tree();
    expect([wanted, held]).toContain(now);
    const { rootTree } = await save();
    expect(rootTree).toBe(now === wanted ? target.rootTree : old.rootTree);
    expect((await load(target.version)).conflicts).toEqual([]);
    expect(await tree()).toBe(wanted);
  },
);
