import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** The way to a database, which can be cut and mended. */
export class Cable implements AsyncDisposable {
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
