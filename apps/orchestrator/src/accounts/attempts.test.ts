import { ask, codeOf, testOrchestrator, type TestOrchestrator } from '@rose/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Attempts, type Attempt } from './attempts.ts';

describe('over HTTP', () => {
  let rose: TestOrchestrator;
  beforeAll(async () => {
    rose = await testOrchestrator();
  });
  afterAll(() => rose[Symbol.asyncDispose]());

  const signIn = (body: object, headers: Record<string, string> = {}) =>
    ask(`${rose.url}/trpc/accounts.signIn`, { body, headers });

  it('an unknown e-mail address and a wrong password get the same answer', async () => {
    const { email } = await rose.signUp('Ada');
    const wrong = await signIn({ email, password: 'not it' });
    const unknown = await signIn({ email: 'nobody@example.org', password: 'not it' });
    expect(wrong.status).toBe(401);
    expect(unknown.status).toBe(wrong.status);
    expect(unknown.text).toBe(wrong.text);
    expect(Object.keys(unknown.headers)).toEqual(Object.keys(wrong.headers));
  });

  it('of 1,000 wrong passwords 10 are looked at, and the owner signs in from his own device meanwhile', async () => {
    const bela = await rose.signUp('Bela');
    const { email, password } = bela;
    const before = await signIn({ email, password });
    const device = (before.headers['set-cookie'] ?? []).find((cookie) => cookie.startsWith('rose-device='));

    const counts = new Map<number, number>();
    for (let round = 0; round < 50; round += 1) {
      const guesses = Array.from({ length: 20 }, (_, i) => signIn({ email, password: `guess ${round} ${i}` }));
      for (const { status } of await Promise.all(guesses)) counts.set(status, (counts.get(status) ?? 0) + 1);
    }
    expect(Object.fromEntries(counts)).toEqual({ 401: 10, 429: 990 });

    const refused = await signIn({ email, password });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    const own = await signIn({ email, password }, { cookie: device?.split(';', 1)[0] ?? '' });
    expect(own.status).toBe(200);
  });

  it('the device cookie of one account is worth nothing for another', async () => {
    const [carol, dora] = [await rose.signUp('Carol'), await rose.signUp('Dora')];
    const answer = await signIn({ email: carol.email, password: carol.password });
    const cookie = (answer.headers['set-cookie'] ?? []).find((text) => text.startsWith('rose-device=')) ?? '';
    const guesses = Array.from({ length: 12 }, () => signIn({ email: dora.email, password: 'guess' }));
    await Promise.all(guesses);
    const borrowed = await signIn(
      { email: dora.email, password: dora.password },
      { cookie: cookie.split(';', 1)[0] ?? '' },
    );
    expect(borrowed.status).toBe(429);
  });

  it('guessing the current password with a stolen session is limited too', async () => {
    const eve = await rose.signUp('Eve');
    const change = () => eve.rose.accounts.changePassword.mutate({ current: 'guess', next: 'a new rare phrase' });
    for (let i = 0; i < 10; i += 1) expect(await codeOf(change())).toBe('WRONG_CREDENTIALS');
    expect(await codeOf(change())).toBe('TOO_MANY_REQUESTS');
  });
});

describe('the count of tries', () => {
  const guess = (attempts: Attempts, over: Partial<Attempt>): boolean => {
    try {
      attempts.count({ email: 'ada@example.org', address: '198.51.100.1', device: null, ...over });
      return true;
    } catch {
      return false;
    }
  };

  it('an address that nobody used before gets tries on an account under attack from everywhere', () => {
    const attempts = new Attempts();
    for (let i = 0; i < 1000; i += 1) guess(attempts, { address: `203.0.113.${i}` });
    expect(guess(attempts, { address: '192.0.2.1' })).toBe(true);
    expect(guess(attempts, { address: '192.0.2.1' })).toBe(true);
    expect(guess(attempts, { address: '192.0.2.1' })).toBe(false);
  });

  it('one address may not try many accounts', () => {
    const attempts = new Attempts();
    const tries = Array.from({ length: 200 }, (_, i) => guess(attempts, { email: `p${i}@example.org` }));
    expect(tries.filter((isAllowed) => isAllowed)).toHaveLength(60);
  });

  it('a right password is not counted', () => {
    const attempts = new Attempts();
    for (let i = 0; i < 100; i += 1) {
      attempts.count({ email: 'ada@example.org', address: '198.51.100.1', device: null }).forgive();
    }
    expect(guess(attempts, {})).toBe(true);
  });
});
