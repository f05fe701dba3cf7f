import { ask, codeOf, testDatabase, testOrchestrator } from '@rose/testing';
import { expect, it } from 'vitest';
import { Cable } from '../../test/cable.ts';

it('while the database is away calls say DATABASE_UNAVAILABLE, and work again by themselves when it is back', async () => {
  await using database = await testDatabase();
  await using cable = new Cable(database.url);
  await cable.mend();
  await using rose = await testOrchestrator({ config: { databaseUrl: cable.url } });
  const ada = await rose.signUp('Ada');

  await cable.cut();
  expect(await codeOf(ada.rose.accounts.me.query())).toBe('DATABASE_UNAVAILABLE');
  const signIn = rose.rpc().accounts.signIn.mutate({ email: ada.email, password: ada.password });
  expect(await codeOf(signIn)).toBe('DATABASE_UNAVAILABLE');
  const answer = await ask(`${rose.url}/trpc/settings.user.get`, {
    headers: { authorization: `Bearer ${ada.session}` },
  });
  expect(answer.status).toBe(503);
  expect(answer.text).not.toMatch(/127\.0\.0\.1|ECONN|prisma/i);
  expect((await ask(`${rose.url}/readyz`)).status).toBe(503);
  expect((await ask(`${rose.url}/healthz`)).status).toBe(200);

  await cable.mend();
  expect(await ada.rose.accounts.me.query()).toMatchObject({ name: 'Ada' });
  expect((await ask(`${rose.url}/readyz`)).status).toBe(200);
});
