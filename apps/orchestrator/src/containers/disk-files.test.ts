import { testOrchestrator, type Person, type TestOrchestrator } from '@rose/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Config } from '../config.ts';
import { findTestEngine } from '../drivers/runtime/docker/test-engine.ts';

const engine = await findTestEngine();
const noEngine = typeof engine === 'string' ? engine : null;

describe('with the process runtime', () => {
  fileRules({ runtime: 'process' });
});
describe.skipIf(noEngine !== null)(noEngine === null ? 'with docker' : `with docker (skipped: ${noEngine})`, () => {
  fileRules({ runtime: 'docker', ...(typeof engine === 'string' ? {} : engine) });
});

/** That nobody takes all the files that a disk can hold. */
function fileRules(config: Partial<Config>): void {
  let house: TestOrchestrator;
  let ada: Person;
  let grace: Person;

  beforeAll(async () => {
    house = await testOrchestrator({ config });
    [ada, grace] = [await house.signUp('Ada'), await house.signUp('Grace')];
  });
  afterAll(() => house?.[Symbol.asyncDispose]());

  async function projectOf(person: Person) {
    const { id: projectId } = await person.rose.projects.create.mutate({ name: 'harbour' });
    await person.rose.settings.project.update.mutate({ projectId, values: { diskMiB: 64 } });
    return {
      run: (script: string) => person.rose.workspace(projectId).run(['sh', '-c', script]),
      status: () => person.rose.containers.status.query({ projectId }),
      usage: () => person.rose.containers.usage.query({ projectId }),
      remove: () => person.rose.projects.delete.mutate({ projectId }),
    };
  }

  it('who makes too many files is stopped with a reason and loses nothing; the others work on', async () => {
    const hers = await projectOf(grace);
    const mine = await projectOf(ada);
    await mine.run('echo kept > page; mkdir many; cd many; seq 30000 | xargs touch');
    expect((await mine.usage()).diskFileLimit).toBe(100_000);
    await expect.poll(async () => (await mine.usage()).diskFiles, { timeout: 60_000 }).toBeGreaterThan(30_000);
    mine.run('cd many; seq 30001 140000 | xargs touch; sleep 600').catch(() => {});
    await expect.poll(async () => (await mine.status()).state, { timeout: 60_000 }).toBe('asleep');
    expect((await mine.status()).stateReason).toMatch(
      /^Stopped because it has 1\d\d,\d{3} files, and 100,000 are allowed\. Nothing was lost: start it again to remove files, or /,
    );
    expect((await hers.run('echo well')).code).toBe(0);
    expect((await hers.status()).state).toBe('running');

    expect((await mine.run('grep -q kept page && test -e many/100000 && rm -r many')).code).toBe(0);
    expect(await mine.status()).toMatchObject({ state: 'running', stateReason: null });
    await Promise.all([mine.remove(), hers.remove()]);
  });
}
