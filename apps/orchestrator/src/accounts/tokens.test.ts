import { codeOf, testOrchestrator, type TestOrchestrator } from '@rose/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

let rose: TestOrchestrator;
beforeAll(async () => {
  rose = await testOrchestrator();
});
afterAll(() => rose[Symbol.asyncDispose]());

const bearer = (token: string) => rose.rpc({ authorization: `Bearer ${token}` });

it('a token signs in, is shown once and is stored only as a digest', async () => {
  const ada = await rose.signUp('Ada');
  const { token, id } = await ada.rose.accounts.tokens.create.mutate({ name: 'ci' });
  expect(token).toMatch(/^rose_[\w-]{32}$/);
  expect(await bearer(token).accounts.me.query()).toMatchObject({ name: 'Ada' });

  const listed = await ada.rose.accounts.tokens.list.query();
  expect(listed).toMatchObject([{ id, name: 'ci', scope: 'full', lastUsedAt: expect.any(String) }]);
  const rows = await rose.context.database.prisma.apiToken.findMany();
  expect(JSON.stringify([listed, rows])).not.toContain(token);
});

it('a read-only token looks and does not change', async () => {
  const bela = await rose.signUp('Bela');
  const { token } = await bela.rose.accounts.tokens.create.mutate({ name: 'watch', scope: 'read-only' });
  expect(await bearer(token).settings.user.get.query()).toBeDefined();
  expect(await codeOf(bearer(token).settings.user.update.mutate({ values: {} }))).toBe('FORBIDDEN');
  expect(await codeOf(bearer(token).accounts.tokens.create.mutate({ name: 'more' }))).toBe('FORBIDDEN');
});

it('a revoked token signs nobody in, and only its owner can revoke it', async () => {
  const [carol, dora] = [await rose.signUp('Carol'), await rose.signUp('Dora')];
  const { token, id } = await carol.rose.accounts.tokens.create.mutate({ name: 'ci' });
  expect(await codeOf(dora.rose.accounts.tokens.revoke.mutate({ id }))).toBe('NOT_FOUND');
  await carol.rose.accounts.tokens.revoke.mutate({ id });
  expect(await codeOf(bearer(token).accounts.me.query())).toBe('UNAUTHENTICATED');
});

it('an expired token signs nobody in', async () => {
  const eve = await rose.signUp('Eve');
  const { token, id } = await eve.rose.accounts.tokens.create.mutate({ name: 'short', expiresInDays: 1 });
  const expiresAt = new Date(Date.now() - 1000);
  await rose.context.database.prisma.apiToken.update({ where: { id }, data: { expiresAt } });
  expect(await codeOf(bearer(token).accounts.me.query())).toBe('UNAUTHENTICATED');
});

it('a token can neither sign out nor change the password', async () => {
  const fay = await rose.signUp('Fay');
  const { token } = await fay.rose.accounts.tokens.create.mutate({ name: 'ci' });
  expect(await codeOf(bearer(token).accounts.signOut.mutate())).toBe('FORBIDDEN');
  const change = { current: fay.password, next: 'another rare phrase' };
  expect(await codeOf(bearer(token).accounts.changePassword.mutate(change))).toBe('FORBIDDEN');
});

it('an account has at most 100 tokens, however fast they are made', async () => {
  const gil = await rose.signUp('Gil');
  const make = () => gil.rose.accounts.tokens.create.mutate({ name: 'many' });
  const made = await Promise.allSettled(Array.from({ length: 110 }, make));
  expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(100);
  expect(await codeOf(make())).toBe('LIMIT_EXCEEDED');
});
