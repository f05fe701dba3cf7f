import { ask, testOrchestrator, type TestOrchestrator } from '@rose/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { appRouter } from './router.ts';

let rose: TestOrchestrator;
beforeAll(async () => {
  rose = await testOrchestrator();
});
afterAll(() => rose[Symbol.asyncDispose]());

const OPEN = new Set(['accounts.signUp', 'accounts.signIn']);
const procedures = Object.entries(appRouter._def.procedures as unknown as Record<string, { _def: { type: string } }>);

it.each(procedures.filter(([name]) => !OPEN.has(name)).map(([name, { _def }]) => [name, _def.type] as const))(
  '%s is refused without a session',
  async (name, type) => {
    const url = `${rose.url}/trpc/${name}`;
    for (const authorization of ['', 'Bearer rose_guess', 'Basic YTpi']) {
      const headers = { authorization };
      const answer = await (type === 'mutation' ? ask(url, { body: {}, headers }) : ask(url, { headers }));
      expect(answer.status).toBe(401);
      expect(answer.json).toMatchObject({ error: { data: { rose: { code: 'UNAUTHENTICATED' } } } });
    }
  },
);
