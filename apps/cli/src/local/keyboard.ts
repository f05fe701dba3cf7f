import type { TerminalSize } from '@rose/contract';
import type { Io } from '../io.ts';

const DEFAULT_SIZE: TerminalSize = { cols: 80, rows: 24 };
/** Some terminals say 0, and nobody's has more. */
const LARGEST = 1000;

/** The size of the window that a program runs in. */
export function windowSize({ stdout }: Io): TerminalSize {
  const { columns, rows } = stdout;
  if (!columns || !rows) return DEFAULT_SIZE;
  return { cols: Math.min(columns, LARGEST), rows: Math.min(rows, LARGEST) };
}

/**
 * Takes every key as it is pressed, Ctrl-C too, until the result is disposed: then the terminal is
 * as it was. The next key is read when `onKeys` has returned.
 */
export function takeKeys({ stdin }: Io, onKeys: (keys: Uint8Array) => Promise<void>, onEnd: () => void): Disposable {
  const take = (keys: Buffer): void => {
    stdin.pause();
    void onKeys(keys).finally(() => stdin.resume());
  };
  stdin.setRawMode?.(true);
  stdin.on('data', take).once('end', onEnd);
  return {
    [Symbol.dispose]: () => {
      stdin.off('data', take).off('end', onEnd).pause();
      stdin.setRawMode?.(false);
    },
  };
}
