import { createRoseClient, type RoseClient } from '@rose/client/node';
import type { Connection } from './connection.ts';
import { writeTo, type Io } from './io.ts';

/** What a command works with. */
export class Cli {
  readonly io: Io;
  readonly json: boolean;
  readonly connection: Connection;
  readonly rose: RoseClient;
  /** The session that a sign-up or sign-in of this run began. */
  session: string | null = null;

  constructor(io: Io, json: boolean, connection: Connection) {
    this.io = io;
    this.json = json;
    this.connection = connection;
    const { url, token } = connection;
    this.rose = createRoseClient({ url, token: token ?? undefined, onSession: (session) => (this.session = session) });
  }

  get signal(): AbortSignal {
    return this.io.interrupts.signal;
  }

  /** For every call. */
  get options(): { signal: AbortSignal } {
    return { signal: this.signal };
  }

  /** The result of a command: JSON for programs, text for people. */
  async print(value: unknown, text: string): Promise<void> {
    const out = this.json ? JSON.stringify(value) : text;
    if (out !== '') await this.write(`${out}\n`);
  }

  write(bytes: string | Uint8Array): Promise<void> {
    return writeTo(this.io.stdout, bytes, this.signal);
  }

  /** Something that people should know beside the result. */
  async note(text: string): Promise<void> {
    if (!this.json) await writeTo(this.io.stderr, `${text}\n`, this.signal);
  }
}
