import type { Readable } from 'node:stream';
import { RoseError } from '@rose/contract';
import { cancelled } from './failures.ts';

const IDLE_MS = 60_000;

/**
 * The chunks of an upload. The whole may take as long as it needs, but the sender may not fall
 * silent. Unlike plain iteration, stopping early leaves the connection open for an answer.
 * @throws RoseError TIMEOUT, CANCELLED
 */
export async function* readBody(body: Readable, signal: AbortSignal): AsyncGenerator<Buffer> {
  const chunks: AsyncIterator<Buffer, undefined> = body.iterator({ destroyOnReturn: false });
  for (;;) {
    const next = await nextChunk(chunks, signal);
    if (next.done) return;
    yield next.value;
  }
}

async function nextChunk<T, R>(chunks: AsyncIterator<T, R>, signal: AbortSignal): Promise<IteratorResult<T, R>> {
  const { promise: refusal, reject } = Promise.withResolvers<never>();
  const silent = new RoseError('TIMEOUT', `No data came for ${IDLE_MS / 1000} s; the upload was given up.`);
  const timer = setTimeout(() => reject(silent), IDLE_MS);
  const leave = (): void => reject(cancelled());
  signal.addEventListener('abort', leave, { once: true });
  try {
    if (signal.aborted) throw cancelled();
    return await Promise.race([chunks.next(), refusal]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', leave);
  }
}
