import type { Readable, Writable } from 'node:stream';
import type { Interrupts } from './interrupts.ts';

/** The world around the program. */
export interface Io {
  env: Record<string, string | undefined>;
  stdin: Readable & { isTTY?: boolean; setRawMode?: (isRaw: boolean) => unknown };
  stdout: Writable & { isTTY?: boolean; columns?: number; rows?: number };
  stderr: Writable & { isTTY?: boolean; columns?: number };
  interrupts: Interrupts;
}

/**
 * Returns when the stream has taken the bytes: a slow reader slows the writer down.
 * @throws the stream's error (EPIPE: nobody reads any more), or the signal's reason
 */
export async function writeTo(stream: Writable, bytes: string | Uint8Array, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const leave = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', leave, { once: true });
  stream.write(bytes, (error) => (error ? reject(error) : resolve()));
  try {
    await promise;
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
