import { sessionOf, testOrchestrator, type Person, type TestOrchestrator } from '@rose/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

let rose: TestOrchestrator;
beforeAll(async () => {
  rose = await testOrchestrator();
});
afterAll(() => rose[Symbol.asyncDispose]());

/** Stands for a stream that its owner opened with this secret: settles when it must close. */
async function streamOf(secret: string): Promise<{ closed: Promise<string>; stop: Disposable }> {
  const { access } = rose.context.services;
  const credentials = { authorization: `Bearer ${secret}`, cookie: null };
  const identity = await access.identify(credentials);
  if (identity === null) throw new Error('Nobody is known by this secret.');
  const { promise, resolve } = Promise.withResolvers<string>();
  return { closed: promise, stop: access.watch(identity, credentials, () => resolve('closed')) };
}

async function signInAgain({ email, password }: Person): Promise<string> {
  const response = await fetch(`${rose.url}/trpc/accounts.signIn`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
  return sessionOf(response) ?? '';
}

it('an open stream is told when its session signs out', async () => {
  const ada = await rose.signUp('Ada');
  const { closed } = await streamOf(ada.session);
  await ada.rose.accounts.signOut.mutate();
  expect(await closed).toBe('closed');
});

it('an open stream is told when its session is ended from another one, by hand or by a new password', async () => {
  const bela = await rose.signUp('Bela');
  const one = await streamOf(await signInAgain(bela));
  const id = (await bela.rose.accounts.sessions.list.query()).find(({ current }) => !current)?.id ?? '';
  await bela.rose.accounts.sessions.end.mutate({ id });
  expect(await one.closed).toBe('closed');

  const two = await streamOf(await signInAgain(bela));
  await bela.rose.accounts.changePassword.mutate({ current: bela.password, next: 'another rare phrase' });
  expect(await two.closed).toBe('closed');
});

it('an open stream is told when its token is revoked', async () => {
  const carol = await rose.signUp('Carol');
  const { id, token } = await carol.rose.accounts.tokens.create.mutate({ name: 'stream' });
  const { closed } = await streamOf(token);
  await carol.rose.accounts.tokens.revoke.mutate({ id });
  expect(await closed).toBe('closed');
});

it('an open stream is told when its token expires', async () => {
  const dora = await rose.signUp('Dora');
  const { id, token } = await dora.rose.accounts.tokens.create.mutate({ name: 'short' });
  const expiresAt = new Date(Date.now() + 700);
  await rose.context.database.prisma.apiToken.update({ where: { id }, data: { expiresAt } });
  const { closed } = await streamOf(token);
  expect(await closed).toBe('closed');
});

it('a stream that closed by itself is told nothing', async () => {
  const eve = await rose.signUp('Eve');
  const { closed, stop } = await streamOf(eve.session);
  stop[Symbol.dispose]();
  await eve.rose.accounts.signOut.mutate();
  expect(await Promise.race([closed, Promise.resolve('open')])).toBe('open');
});

it('a secret that was good a moment ago is no longer, once it was ended', async () => {
  const fay = await rose.signUp('Fay');
  const { id, token } = await fay.rose.accounts.tokens.create.mutate({ name: 'ci' });
  const { access } = rose.context.services;
  for (const secret of [token, fay.session]) {
    const credentials = { authorization: `Bearer ${secret}`, cookie: null };
    expect(await access.identify(credentials)).not.toBeNull();
    if (secret === token) await fay.rose.accounts.tokens.revoke.mutate({ id });
    else await fay.rose.accounts.signOut.mutate();
    expect(await access.identify(credentials)).toBeNull();
  }
});

it('a sign-out holds against calls that are looked up at the same time', async () => {
  const gil = await rose.signUp('Gil');
  const { access } = rose.context.services;
  const credentials = { authorization: `Bearer ${gil.session}`, cookie: null };
  const calls = Array.from({ length: 50 }, () => access.identify(credentials));
  await gil.rose.accounts.signOut.mutate();
  await Promise.all(calls);
  expect(await access.identify(credentials)).toBeNull();
});
