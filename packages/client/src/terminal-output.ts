import { errorFromBody, RoseError } from '@rose/contract/errors';
import { decodePosition, TERMINAL_RESPONSE, type TerminalExit } from '@rose/contract/terminals';
import { decodeJson } from './frames.ts';
import type { TerminalOptions } from './terminal.ts';

/** Taken is said this often, bytes; well within TERMINAL_WINDOW. */
const ACK_BYTES = 32 * 1024;

/** What a terminal says, shown piece by piece in its order. */
export class TerminalOutput {
  readonly ended: Promise<TerminalExit>;
  readonly #end = Promise.withResolvers<TerminalExit>();
  readonly #show: TerminalOptions['onOutput'];
  readonly #acknowledge: (position: number) => void;
  #position: number;
  #acknowledged: number;
  #isOver = false;
  #work = Promise.resolve();

  constructor(after: number, show: TerminalOptions['onOutput'], acknowledge: (position: number) => void) {
    this.#show = show;
    this.#acknowledge = acknowledge;
    this.#position = after;
    this.#acknowledged = after;
    this.ended = this.#end.promise;
  }

  get position(): number {
    return this.#position;
  }

  /** Resolves when all that came is shown. */
  get idle(): Promise<void> {
    return this.#work;
  }

  take(data: unknown): void {
    this.#work = this.#work.then(async () => {
      if (this.#isOver) return;
      try {
        await this.#handle(data);
      } catch (error) {
        this.fail(error);
      }
    });
  }

  fail(error: unknown): void {
    this.#isOver = true;
    this.#end.reject(error);
  }

  async #handle(data: unknown): Promise<void> {
    if (!(data instanceof ArrayBuffer) || data.byteLength === 0) throw lied();
    const bytes = new Uint8Array(data);
    const payload = bytes.subarray(1);
    switch (bytes[0]) {
      case TERMINAL_RESPONSE.OUTPUT:
        return this.#output(payload);
      case TERMINAL_RESPONSE.EXIT:
        this.#isOver = true;
        return this.#end.resolve(exitOf(parse(payload)));
      case TERMINAL_RESPONSE.ERROR:
        throw errorFromBody(parse(payload)) ?? lied();
      default:
        throw lied();
    }
  }

  async #output(payload: Uint8Array): Promise<void> {
    if (payload.length < 8) throw lied();
    const { position, bytes } = decodePosition(payload);
    const isGap = position !== this.#position;
    await this.#show(bytes, isGap);
    this.#position = position + bytes.length;
    if (Math.abs(this.#position - this.#acknowledged) < ACK_BYTES) return;
    this.#acknowledged = this.#position;
    this.#acknowledge(this.#position);
  }
}

function parse(payload: Uint8Array): unknown {
  try {
    return decodeJson(payload);
  } catch (error) {
    throw lied(error);
  }
}

/** The container is not trusted: its exit code becomes the code of a program here. */
function exitOf(value: unknown): TerminalExit {
  const { code, signal } = (value ?? {}) as Partial<TerminalExit>;
  if (isByte(code)) return { code, signal: null };
  if (isByte(signal) && signal > 0) return { code: null, signal };
  throw lied();
}

function isByte(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 255;
}

function lied(cause?: unknown): RoseError {
  return new RoseError('AGENT_LIED', 'The dev container broke the rules of terminals.', {}, { cause });
}
