import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { Io } from '../io.ts';

/** Asks on the terminal; questions go to stderr, which is no part of the result. */
export async function ask(
  { stdin, stderr, interrupts }: Io,
  question: string,
  { hidden = false } = {},
): Promise<string> {
  // Readline echoes what is typed to its output; unseen typing goes nowhere.
  const output = hidden ? new Writable({ write: (_chunk, _encoding, done) => done() }) : stderr;
  if (hidden) stderr.write(question);
  const lines = createInterface({ input: stdin, output, terminal: true });
  // In raw mode Ctrl-C is a key, not a signal.
  lines.on('SIGINT', () => interrupts.receive('SIGINT'));
  try {
    return await lines.question(hidden ? '' : question, { signal: interrupts.signal });
  } catch (error) {
    throw interrupts.signal.aborted ? interrupts.signal.reason : error;
  } finally {
    lines.close();
    if (hidden) stderr.write('\n');
  }
}
