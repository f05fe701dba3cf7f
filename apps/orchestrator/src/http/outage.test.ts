import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { ask, codeOf, testDatabase, testOrchestrator } from '@rose/testing';
import { expect, it } from 'vitest';

/** The way to a database, which can be cut and mended. */
class Cable implements AsyncDisposable {
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  #port = 0;

  constructor(databaseUrl: string) {
    this.#target = new URL(databaseUrl);
  }

  get url(): string {
    const url = new URL(this.#target);
    url.host = `127.0.0.1:${this.#port}`;
    return url.href;
  }

  async mend(): Promise<void> {
    this.#server = createServer((socket) => {
      const far = connect(Number(this.#target.port), this.#target.hostname);
      for (const end of [socket, far]) {
        this.#sockets.add(end);
        end.on('error', () => end.destroy());
        end.on('close', () => this.#sockets.delete(end));
      }
      socket.pipe(far).pipe(socket);
    });
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (typeof address === 'object' && address !== null) this.#port = address.port;
  }

  async cut(): Promise<void> {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server?.listening === true) await once(this.#server, 'close');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.cut();
  }
}

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
