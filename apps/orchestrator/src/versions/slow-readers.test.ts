import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStudio, type Studio } from '../../test/zips.ts';

const MIB = 1024 * 1024;
const DEADLINE_MS = 120_000;
/** More than there are connections to the database. */
const READERS = 25;
let studio: Studio;

beforeAll(async () => {
  studio = await openStudio();
  await studio.shell(`head -c ${40 * MIB} /dev/urandom > large`);
  await studio.save();
}, DEADLINE_MS);
afterAll(() => studio[Symbol.asyncDispose]());

test.for(['versions/1/file?path=large', 'history.rose', 'versions/1.zip'])(
  'people who do not read %s to its end keep nobody from the database',
  { timeout: DEADLINE_MS },
  async (path) => {
    const { orchestrator, ada, project } = studio;
    const headers = { authorization: `Bearer ${ada.session}` };
    const agent = new Agent({ maxSockets: READERS });
    const open = async (): Promise<void> => {
      const request = get(`${orchestrator.url}/projects/${project.id}/${path}`, { headers, agent });
      const [answer] = (await once(request, 'response')) as [IncomingMessage];
      answer.once('error', () => {}).pause();
      expect(answer.statusCode).toBe(200);
    };
    try {
      await Promise.all(Array.from({ length: READERS }, open));
      for (let n = 0; n < 3; n += 1) expect(await ada.rose.projects.list.query()).toHaveLength(1);
      const { total, idle, waiting } = poolOf();
      expect([total - idle < READERS / 2, waiting]).toEqual([true, 0]);
    } finally {
      agent.destroy();
    }
  },
);

function poolOf() {
  const { totalCount: total, idleCount: idle, waitingCount: waiting } = studio.orchestrator.context.database.pool;
  return { total, idle, waiting };
}
