import { ask, codeOf, failureOf, sessionOf, testOrchestrator, type TestOrchestrator } from '@rose/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let rose: TestOrchestrator;
beforeAll(async () => {
  rose = await testOrchestrator();
});
afterAll(() => rose[Symbol.asyncDispose]());

const password = 'a long and rare password';
const procedure = (name: string): string => `${rose.url}/trpc/accounts.${name}`;

describe('signing up', () => {
  it('makes an account and signs it in', async () => {
    const ada = await rose.signUp('Ada');
    expect(await ada.rose.accounts.me.query()).toEqual({ id: ada.id, email: 'ada@example.org', name: 'Ada' });
  });

  it('makes the first account the administrator, and only that', async () => {
    const { prisma } = rose.context.database;
    const bela = await rose.signUp('Bela');
    const administrators = await prisma.user.findMany({ where: { isAdministrator: true } });
    expect(administrators).toHaveLength(1);
    expect(administrators[0]?.id).not.toBe(bela.id);
  });

  it('refuses an e-mail address that has an account, in any case', async () => {
    await rose.signUp('Carol');
    const again = rose.rpc().accounts.signUp.mutate({ email: 'CAROL@Example.org', name: 'Carol', password });
    expect(await codeOf(again)).toBe('EMAIL_TAKEN');
  });

  it('makes one account of two sign-ups at once with the same e-mail address', async () => {
    const input = { email: 'twice@example.org', name: 'Twice', password };
    const both = await Promise.allSettled([1, 2].map(() => rose.rpc().accounts.signUp.mutate(input)));
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });

  it.each([
    ['an e-mail address without @', { email: 'ada.example.org' }, 'email'],
    ['no e-mail address', { email: '' }, 'email'],
    ['a short password', { password: 'seven77' }, 'password'],
    ['a password of 129 characters', { password: 'x'.repeat(129) }, 'password'],
    ['an empty name', { name: '  ' }, 'name'],
    ['a name of 10,000 characters', { name: 'x'.repeat(10_000) }, 'name'],
    ['a name with a NUL', { name: 'A\0da' }, 'name'],
    ['a name that is no Unicode', { name: 'A\ud800' }, 'name'],
  ])('refuses %s and says which field', async (_what, wrong, field) => {
    const input = { email: 'dora@example.org', name: 'Dora', password, ...wrong };
    const failure = await failureOf(rose.rpc().accounts.signUp.mutate(input));
    expect(failure.code).toBe('INVALID_INPUT');
    expect(failure.details['issues']).toMatchObject([{ path: field }]);
  });

  it('refuses fields that it does not know, by name', async () => {
    const body = { email: 'eve@example.org', name: 'Eve', password, isAdministrator: true };
    const answer = await ask(procedure('signUp'), { body });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('isAdministrator');
  });

  it('takes passwords as they are: 128 characters, spaces, any script', async () => {
    for (const [name, odd] of [
      ['Fay', 'x'.repeat(128)],
      ['Gil', '  spaces around  '],
      ['Hana', 'パスワード🔑🔑🔑'],
      ['Igor', 'with\0a NUL inside'],
    ] as const) {
      const email = `${name.toLowerCase()}@example.org`;
      await rose.rpc().accounts.signUp.mutate({ email, name, password: odd });
      await rose.rpc().accounts.signIn.mutate({ email, password: odd });
      expect(await codeOf(rose.rpc().accounts.signIn.mutate({ email, password: `${odd}.` }))).toBe('WRONG_CREDENTIALS');
    }
  });
});

describe('a session', () => {
  it('is a cookie that scripts and other sites cannot use, and never in the body', async () => {
    const body = { email: 'jo@example.org', name: 'Jo', password };
    const answer = await ask(procedure('signUp'), { body });
    const cookies = answer.headers['set-cookie'] ?? [];
    const cookie = cookies.find((text) => text.startsWith('rose=')) ?? '';
    expect(cookie).toMatch(/^rose=[a-z0-9]{32}; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(answer.text).not.toContain(cookie.slice(5, 37));
  });

  it('is known to the database only by its digest', async () => {
    const kim = await rose.signUp('Kim');
    const rows = await rose.context.database.prisma.session.findMany({ where: { userId: kim.id } });
    expect(JSON.stringify(rows)).not.toContain(kim.session);
    expect(await codeOf(rose.rpc({ authorization: `Bearer ${rows[0]?.id}` }).accounts.me.query())).toBe(
      'UNAUTHENTICATED',
    );
  });

  it('signs in as a cookie too, and a bearer wins over a cookie', async () => {
    const [lea, max] = [await rose.signUp('Lea'), await rose.signUp('Max')];
    const cookie = `rose=${lea.session}`;
    expect(await rose.rpc({ cookie }).accounts.me.query()).toMatchObject({ name: 'Lea' });
    const both = rose.rpc({ cookie, authorization: `Bearer ${max.session}` });
    expect(await both.accounts.me.query()).toMatchObject({ name: 'Max' });
    const wrong = rose.rpc({ cookie, authorization: 'Bearer nobody' });
    expect(await codeOf(wrong.accounts.me.query())).toBe('UNAUTHENTICATED');
  });

  it('never has an id that was there before the sign-in, and ends the one that was', async () => {
    const ned = await rose.signUp('Ned');
    const planted = 'a'.repeat(32);
    const signIn = (session: string): Promise<Response> =>
      fetch(procedure('signIn'), {
        method: 'POST',
        headers: { 'content-type': 'application/json', cookie: `rose=${session}`, origin: rose.url },
        body: JSON.stringify({ email: ned.email, password: ned.password }),
      });
    expect(sessionOf(await signIn(planted))).not.toBe(planted);
    expect(await codeOf(rose.rpc({ authorization: `Bearer ${planted}` }).accounts.me.query())).toBe('UNAUTHENTICATED');
    await signIn(ned.session);
    expect(await codeOf(ned.rose.accounts.me.query())).toBe('UNAUTHENTICATED');
  });

  it('ends with the sign-out, for every later call', async () => {
    const ola = await rose.signUp('Ola');
    await ola.rose.accounts.signOut.mutate();
    expect(await codeOf(ola.rose.accounts.me.query())).toBe('UNAUTHENTICATED');
  });

  it('ends when it has expired', async () => {
    const pia = await rose.signUp('Pia');
    const { prisma } = rose.context.database;
    await prisma.session.updateMany({ where: { userId: pia.id }, data: { expiresAt: new Date(Date.now() - 1000) } });
    expect(await codeOf(pia.rose.accounts.me.query())).toBe('UNAUTHENTICATED');
  });

  it('ends 90 days after the sign-in, however much it is used', async () => {
    const quin = await rose.signUp('Quin');
    const { prisma } = rose.context.database;
    const createdAt = new Date(Date.now() - 90 * 86_400_000 - 1000);
    await prisma.session.updateMany({ where: { userId: quin.id }, data: { createdAt } });
    expect(await codeOf(quin.rose.accounts.me.query())).toBe('UNAUTHENTICATED');
  });

  it('is listed for its owner, who can end it; nobody else can', async () => {
    const [rita, sam] = [await rose.signUp('Rita'), await rose.signUp('Sam')];
    await rose
      .rpc({ 'user-agent': 'Elsewhere' })
      .accounts.signIn.mutate({ email: rita.email, password: rita.password });
    const sessions = await rita.rose.accounts.sessions.list.query();
    expect(sessions.map(({ current, userAgent }) => [current, userAgent])).toEqual([
      [false, 'Elsewhere'],
      [true, null],
    ]);
    const id = sessions[0]?.id ?? '';
    expect(await codeOf(sam.rose.accounts.sessions.end.mutate({ id }))).toBe('NOT_FOUND');
    await rita.rose.accounts.sessions.end.mutate({ id });
    expect(await rita.rose.accounts.sessions.list.query()).toHaveLength(1);
  });
});

describe('a change of the password', () => {
  it('needs the current one, ends the other sessions and keeps this one', async () => {
    const tom = await rose.signUp('Tom');
    const next = 'another long password';
    const wrong = tom.rose.accounts.changePassword.mutate({ current: 'not it', next });
    expect(await codeOf(wrong)).toBe('WRONG_CREDENTIALS');

    const other = await fetch(procedure('signIn'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: tom.email, password: tom.password }),
    });
    await tom.rose.accounts.changePassword.mutate({ current: tom.password, next });
    const elsewhere = rose.rpc({ authorization: `Bearer ${sessionOf(other)}` });
    expect(await codeOf(elsewhere.accounts.me.query())).toBe('UNAUTHENTICATED');
    expect(await tom.rose.accounts.me.query()).toMatchObject({ name: 'Tom' });

    const signIn = (by: string) => rose.rpc().accounts.signIn.mutate({ email: tom.email, password: by });
    expect(await codeOf(signIn(tom.password))).toBe('WRONG_CREDENTIALS');
    expect(await signIn(next)).toMatchObject({ name: 'Tom' });
  });

  it('refuses common passwords', async () => {
    const uma = await rose.signUp('Uma');
    const change = uma.rose.accounts.changePassword.mutate({ current: uma.password, next: 'Password1' });
    expect(await codeOf(change)).toBe('WEAK_PASSWORD');
  });
});
