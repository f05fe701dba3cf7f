import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { COMMAND_REQUEST, MAX_COMMAND_REQUEST_FRAME, RoseError } from '@rose/contract';
import { decodeJson, FrameParser, type Frame } from '@rose/snapshot';
import { cancelled, refused } from '../failures.ts';
import type { Command } from './command.ts';
import { commandSignalSchema, commandSpecSchema, type CheckedSpec } from './spec.ts';

const SPEC_MS = 60_000;

/**
 * What the caller of `commands.run` sends: first a spec, then stdin and signals. Reads no
 * faster than the command takes its stdin.
 */
export class CommandInput {
  /** The first frame. @throws RoseError INVALID_INPUT, TIMEOUT, CANCELLED */
  readonly spec: Promise<CheckedSpec>;
  /** Rejects when a later frame breaks the rules. */
  readonly broken: Promise<never>;
  readonly #request: IncomingMessage;
  readonly #parser = new FrameParser(MAX_COMMAND_REQUEST_FRAME);
  readonly #waiting: Frame[] = [];
  #onSpec: ((frame: Frame) => void) | null = null;
  #command: Command | null = null;
  #ended = false;
  #isHeldBack = false;

  constructor(request: IncomingMessage) {
    this.#request = request;
    const first = Promise.withResolvers<CheckedSpec>();
    const broken = Promise.withResolvers<never>();
    // Who no longer waits for these must not crash the agent.
    first.promise.catch(() => {});
    broken.promise.catch(() => {});
    this.spec = first.promise;
    this.broken = broken.promise;

    const late = setTimeout(
      () => fail(new RoseError('TIMEOUT', 'The command to run did not arrive in time.')),
      SPEC_MS,
    );
    const fail = (error: unknown): void => {
      first.reject(error);
      broken.reject(error);
      this.#ended = true;
    };
    this.#onSpec = (frame) => {
      clearTimeout(late);
      first.resolve(parseSpec(frame));
    };
    request.on('data', (chunk: Buffer) => attempt(() => this.#take(chunk), fail));
    request.once('end', () => attempt(() => this.#end(), fail));
    request.once('close', () => {
      clearTimeout(late);
      first.reject(cancelled());
    });
  }

  /** From now on frames go to this command. */
  attach(command: Command): void {
    this.#command = command;
    command.stdin?.once('close', () => this.#request.resume());
    for (const frame of this.#waiting.splice(0)) this.#handle(frame, command);
    if (this.#ended) command.stdin?.end();
    this.#request.resume();
  }

  /** What still comes is thrown away. */
  detach(): void {
    this.#ended = true;
    this.#request.resume();
  }

  #take(chunk: Buffer): void {
    if (this.#ended) return;
    for (const frame of this.#parser.push(chunk)) {
      if (this.#onSpec !== null) {
        const onSpec = this.#onSpec;
        this.#onSpec = null;
        onSpec(frame);
        this.#request.pause();
      } else if (this.#command === null) {
        this.#waiting.push(frame);
      } else {
        this.#handle(frame, this.#command);
      }
    }
  }

  #handle({ type, payload }: Frame, command: Command): void {
    const { stdin } = command;
    switch (type) {
      case COMMAND_REQUEST.STDIN:
        if (stdin === null || !stdin.writable) return;
        if (!stdin.write(payload)) this.#holdBack(stdin);
        return;
      case COMMAND_REQUEST.STDIN_END:
        stdin?.end();
        return;
      case COMMAND_REQUEST.SIGNAL:
        command.send(commandSignalSchema.parse(decodeJson(payload)).signal);
        return;
      default:
        throw refused('body', `A command takes no frame of type ${type}.`);
    }
  }

  /** Reads nothing more until the command took what it has. */
  #holdBack(stdin: Socket): void {
    if (this.#isHeldBack) return;
    this.#isHeldBack = true;
    this.#request.pause();
    stdin.once('drain', () => {
      this.#isHeldBack = false;
      this.#request.resume();
    });
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#parser.end();
    if (this.#onSpec !== null) throw refused('body', 'The body ended before the command to run.');
    this.#command?.stdin?.end();
  }
}

function parseSpec({ type, payload }: Frame): CheckedSpec {
  if (type !== COMMAND_REQUEST.SPEC) throw refused('body', 'The first frame must hold the command to run.');
  return commandSpecSchema.parse(decodeJson(payload));
}

function attempt(deed: () => void, fail: (error: unknown) => void): void {
  try {
    deed();
  } catch (error) {
    fail(error);
  }
}
