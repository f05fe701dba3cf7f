import { setTimeout as sleep } from 'node:timers/promises';
import { ask, testOrchestrator, type Person, type TestOrchestrator } from '@rose/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Config } from '../config.ts';
import { findTestEngine } from '../drivers/runtime/docker/test-engine.ts';

const HOGS = {
  'a fork bomb': 'exec bash -c "bomb() { bomb | bomb & }; bomb; sleep 600"',
  'a memory hog':
    'while :; do node -e "const all = []; for (;;) all.push(Buffer.alloc(16 << 20, 1))" > /dev/null 2>&1; done',
  'a hog of open files': `for i in 1 2 3 4 5 6 7 8; do node -e "
    const open = [];
    try { for (;;) open.push(require('fs').openSync('/dev/null')); } catch {}
    setTimeout(() => {}, 600_000)" & done; wait`,
  'a hog of watches of the kernel': `node -e "
    const fs = require('fs');
    for (let i = 0; i < 20_000; i += 1) fs.mkdirSync('d' + i);
    try { for (let i = 0; i < 20_000; i += 1) fs.watch('d' + i, () => {}); } catch {}
    setTimeout(() => {}, 600_000)"`,
  'a flood of output': 'yes "the same line again and again"',
} as const;

const engine = await findTestEngine();
const noEngine = typeof engine === 'string' ? engine : null;

describe('with the process runtime', () => {
  hogRules({ runtime: 'process' });
});
describe.skipIf(noEngine !== null)(noEngine === null ? 'with docker' : `with docker (skipped: ${noEngine})`, () => {
  hogRules({ runtime: 'docker', ...(typeof engine === 'string' ? {} : engine) });
});

function hogRules(config: Partial<Config>): void {
  let house: TestOrchestrator;
  let ada: Person;
  let grace: Person;
  let hers: number;

  beforeAll(async () => {
    house = await testOrchestrator({ config });
    ada = await house.signUp('Ada');
    grace = await house.signUp('Grace');
    hers = (await grace.rose.projects.create.mutate({ name: 'harbour' })).id;
  });
  afterAll(() => house?.[Symbol.asyncDispose]());

  /** Grace works in her project, and RoSE answers, whatever goes on elsewhere. */
  async function graceWorks(): Promise<void> {
    const theirs = grace.rose.workspace(hers);
    const until = performance.now() + 4000;
    for (let count = 0; performance.now() < until; count += 1) {
      await theirs.files.write.mutate({ path: 'note', content: `well ${count}` });
      expect((await theirs.run(['cat', 'note'])).code).toBe(0);
      expect((await ask(`${house.url}/readyz`)).status).toBe(200);
      await sleep(100);
    }
    expect((await grace.rose.versions.save.mutate({ projectId: hers })).files).toBe(1);
  }

  it.for(Object.entries(HOGS))(
    '%s in one project leaves another and RoSE answering, and a restart ends it',
    async ([name, script], { skip }) => {
      const { description } = house.context.runtime.isolation;
      skip(description.includes('Not enforced'), 'not all limits are enforced here');
      const { id: projectId } = await ada.rose.projects.create.mutate({ name });
      const values = { pids: 256, memoryMiB: 512, cpus: 1 };
      await ada.rose.settings.project.update.mutate({ projectId, values });
      await ada.rose.containers.restart.mutate({ projectId });
      const hog = ada.rose.workspace(projectId).run(['sh', '-c', script], { onStdout: () => sleep(5) });
      hog.catch(() => {});
      await graceWorks();
      expect(await ada.rose.containers.restart.mutate({ projectId })).toMatchObject({ state: 'running' });
      expect((await ada.rose.workspace(projectId).run(['true'])).code).toBe(0);
      expect((await ada.rose.workspace(projectId).processes.list.query()).processes.length).toBeLessThan(10);
      await ada.rose.projects.delete.mutate({ projectId });
    },
  );
}
