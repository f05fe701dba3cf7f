import type { ClientRequest, IncomingMessage } from 'node:http';
import {
  decodePosition,
  encodePosition,
  TERMINAL_REQUEST,
  TERMINAL_RESPONSE,
  type ErrorBody,
  type TerminalExit,
} from '@rose/contract';
import { decodeJson, encodeFrame, encodeJsonFrame, readFrames } from '@rose/snapshot';
import { vi } from 'vitest';
import type { TestAgent } from './start-agent.ts';

/** Somebody who looks at a terminal. */
export class Attached {
  readonly request: ClientRequest;
  readonly #answer: Promise<IncomingMessage>;
  /** What was shown, from `first` on. */
  shown = Buffer.alloc(0);
  /** Numbers of the first byte and of the one that comes next. */
  first: number | null = null;
  next = 0;
  /** Takes no more output, and says of none that he took it. */
  isSlow = false;
  /** Bytes of `shown` that are kept, about. */
  keeps = Infinity;
  readonly end: Promise<TerminalExit | ErrorBody>;

  constructor(agent: TestAgent, id: string, after = 0) {
    this.request = agent.open(`/-/terminals.attach?id=${id}&after=${after}`, { method: 'POST' });
    this.request.on('error', () => {});
    this.#answer = new Promise((resolve, reject) => {
      this.request.once('response', resolve).once('error', reject);
    });
    this.request.flushHeaders();
    this.end = this.#read();
    this.end.catch(() => {});
  }

  get text(): string {
    return this.shown.toString('utf8');
  }

  type(text: string): void {
    this.request.write(encodeFrame(TERMINAL_REQUEST.INPUT, Buffer.from(text)));
  }

  resize(cols: number, rows: number): void {
    this.request.write(encodeJsonFrame(TERMINAL_REQUEST.RESIZE, { cols, rows }));
  }

  acknowledge(): void {
    this.request.write(encodeFrame(TERMINAL_REQUEST.ACK, encodePosition(this.next)));
  }

  async leave(): Promise<void> {
    this.request.end();
    await this.end.catch(() => {});
  }

  /** Waits until the shown text matches. */
  async sees(expected: string | RegExp, timeout = 20_000): Promise<void> {
    await vi.waitFor(
      () => {
        const found = typeof expected === 'string' ? this.text.includes(expected) : expected.test(this.text);
        if (!found) throw new Error(`never saw ${String(expected)} in: ${this.text.slice(-2000)}`);
      },
      { timeout, interval: 10 },
    );
  }

  async #read(): Promise<TerminalExit | ErrorBody> {
    const answer = await this.#answer;
    if (answer.statusCode !== 200) {
      const body = await answer.setEncoding('utf8').reduce((all: string, part: string) => all + part, '');
      return JSON.parse(body) as ErrorBody;
    }
    for await (const { type, payload } of readFrames(answer)) {
      if (type !== TERMINAL_RESPONSE.OUTPUT) {
        this.request.end();
        return decodeJson(payload) as TerminalExit | ErrorBody;
      }
      const { position, bytes } = decodePosition(payload);
      this.first ??= position;
      if (this.first + this.shown.length !== position) {
        this.first = position;
        this.shown = Buffer.alloc(0);
      }
      this.shown = Buffer.concat([this.shown, bytes]);
      this.next = position + bytes.length;
      if (this.shown.length > this.keeps) {
        this.shown = this.shown.subarray(-bytes.length);
        this.first = position;
      }
      if (!this.isSlow) this.acknowledge();
    }
    throw new Error('the stream ended without an end');
  }
}
