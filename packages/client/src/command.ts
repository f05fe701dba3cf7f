import { errorFromBody, RoseError } from '@rose/contract/errors';
import {
  COMMAND_REQUEST,
  COMMAND_RESPONSE,
  type CommandExit,
  type CommandSpec,
  type CommandStarted,
} from '@rose/contract/streams';
import { decodeJson, encodeFrame, encodeJsonFrame, readFrames, type Frame } from './frames.ts';
import type { Upload } from './fetch.ts';

export type CommandInput = string | Uint8Array | AsyncIterable<Uint8Array>;

export interface RunOptions extends Omit<CommandSpec, 'argv' | 'stdin'> {
  /** Missing: empty. A stream is passed on as it comes, which browsers cannot do. */
  stdin?: CommandInput;
  /** Called once with the id under which `commands.kill` knows the command. */
  onStart?: (id: string) => void;
  /** The next piece is read when this has returned. */
  onStdout?: (chunk: Uint8Array) => void | Promise<void>;
  onStderr?: (chunk: Uint8Array) => void | Promise<void>;
  /** Ends the command and all that it started. */
  signal?: AbortSignal;
}

const PIECE_BYTES = 256 * 1024;

/** What is sent: the command, then its stdin. */
export function commandRequest(argv: string[], { stdin, cwd, env, timeLimitSeconds }: RunOptions): Upload {
  const spec: CommandSpec = { argv, cwd, env, timeLimitSeconds, stdin: stdin !== undefined };
  const first = encodeJsonFrame(COMMAND_REQUEST.SPEC, spec);
  if (stdin === undefined) return first;
  if (typeof stdin === 'object' && Symbol.asyncIterator in stdin) return streamInput(first, stdin);
  const bytes = typeof stdin === 'string' ? new TextEncoder().encode(stdin) : stdin;
  return concat([first, ...stdinFrames(bytes), encodeFrame(COMMAND_REQUEST.STDIN_END)]);
}

async function* streamInput(first: Uint8Array, stdin: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  for await (const chunk of stdin) yield* stdinFrames(chunk);
  yield encodeFrame(COMMAND_REQUEST.STDIN_END);
}

function* stdinFrames(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    yield encodeFrame(COMMAND_REQUEST.STDIN, bytes.subarray(at, at + PIECE_BYTES));
  }
}

function concat(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * Reads the answer to its end.
 * @throws RoseError of the agent; AGENT_LIED for an answer that breaks the rules
 */
export async function readCommand(answer: ReadableStream<Uint8Array>, options: RunOptions): Promise<CommandExit> {
  let exit: CommandExit | null = null;
  try {
    for await (const frame of readFrames(answer)) exit = (await handle(frame, options)) ?? exit;
  } catch (error) {
    if (error instanceof RangeError || error instanceof SyntaxError) throw lied(error);
    throw error;
  }
  if (exit === null) throw new RoseError('AGENT_UNAVAILABLE', 'The dev container broke off before the command ended.');
  return exit;
}

async function handle({ type, payload }: Frame, options: RunOptions): Promise<CommandExit | null> {
  switch (type) {
    case COMMAND_RESPONSE.STARTED:
      options.onStart?.((decodeJson(payload) as CommandStarted).id);
      return null;
    case COMMAND_RESPONSE.STDOUT:
      await options.onStdout?.(payload);
      return null;
    case COMMAND_RESPONSE.STDERR:
      await options.onStderr?.(payload);
      return null;
    case COMMAND_RESPONSE.EXIT:
      return exitOf(decodeJson(payload));
    case COMMAND_RESPONSE.ERROR:
      throw errorFromBody(decodeJson(payload)) ?? lied();
    default:
      throw lied();
  }
}

/** The container is not trusted: its exit code becomes the code of a program here. */
function exitOf(value: unknown): CommandExit {
  const exit = value as CommandExit | null;
  const hasCode = Number.isInteger(exit?.code) && exit!.code! >= 0 && exit!.code! <= 255;
  if (!hasCode && typeof exit?.signal !== 'string') throw lied();
  return exit!;
}

function lied(cause?: unknown): RoseError {
  return new RoseError(
    'AGENT_LIED',
    'The dev container answered a command in a way that nobody understands.',
    {},
    { cause },
  );
}
