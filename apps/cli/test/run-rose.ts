import { Readable, Writable } from 'node:stream';
import { Interrupts } from '../src/interrupts.ts';
import { runProgram } from '../src/program.ts';

export interface Run {
  code: number;
  stdout: Buffer;
  /** stdout as text. */
  out: string;
  err: string;
}

export interface RunOptions {
  env?: Record<string, string>;
  stdin?: string | Uint8Array | Readable;
  /** stderr is a terminal. */
  terminal?: boolean;
  interrupts?: Interrupts;
  /** Told each piece of output as it comes. */
  onStdout?: (chunk: Buffer) => void;
}

/** Runs one command line of the program in this process. */
export async function runRose(argv: string[], options: RunOptions = {}): Promise<Run> {
  const { env = {}, stdin = '', terminal = false, interrupts = new Interrupts() } = options;
  const stdout = collect(options.onStdout);
  const stderr = collect();
  const input = stdin instanceof Readable ? stdin : Readable.from([Buffer.from(stdin)], { objectMode: false });
  const code = await runProgram(argv, {
    env,
    stdin: input,
    stdout: stdout.stream,
    stderr: Object.assign(stderr.stream, { isTTY: terminal }),
    interrupts,
  });
  input.destroy();
  return { code, stdout: stdout.bytes(), out: stdout.bytes().toString(), err: stderr.bytes().toString() };
}

function collect(onChunk?: (chunk: Buffer) => void) {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      onChunk?.(chunk);
      done();
    },
  });
  return { stream, bytes: () => Buffer.concat(chunks) };
}
