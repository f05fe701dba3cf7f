import type { Readable } from 'node:stream';
import { UsageError } from '../usage-error.ts';

const MAX_BYTES = 16 * 1024;

/** The first line of a stream, without its end. The rest is not read. @throws UsageError for one over 16 KiB */
export async function readLine(input: Readable, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const leave = (): void => void input.destroy(signal.reason as Error);
  signal.addEventListener('abort', leave, { once: true });
  try {
    for await (const chunk of input as AsyncIterable<Buffer | string>) {
      chunks.push(Buffer.from(chunk));
      bytes += chunks.at(-1)!.length;
      if (chunks.at(-1)!.includes('\n')) break;
      if (bytes > MAX_BYTES) throw new UsageError('The line on stdin is too long for a password.');
    }
  } finally {
    signal.removeEventListener('abort', leave);
  }
  const [line] = Buffer.concat(chunks).toString('utf8').split('\n', 1);
  return line!.replace(/\r$/, '');
}
