import type { MessagePort } from 'node:worker_threads';
import { errorFromBody, RoseError, type ErrorBody } from '@rose/contract';
import { inBatchesAsync, type ObjectId } from '@rose/snapshot';
import type { ObjectStore, SizedId, StoredBytes } from '../drivers/objects/objects.ts';

/** Asked for at once: bounds what lies between two threads. */
const BATCH = { items: 1000, bytes: 4 * 1024 * 1024 };

/** Objects behind one another, since one piece of memory crosses without being copied; or why there are none. */
type Answer = { sizes: { size: number; stored: number }[]; bytes: Uint8Array<ArrayBuffer> } | { error: ErrorBody };

/** Answers what a thread asks for through the other end of the port, one batch after the other, until that is closed. */
export function serveObjects(port: MessagePort, objects: Pick<ObjectStore, 'read'>, ownerId: number): void {
  let turn = Promise.resolve();
  port.on('message', (ids: SizedId[]) => {
    turn = turn.then(async () => {
      const answer = await answerOf(objects, ownerId, ids);
      port.postMessage(answer, 'error' in answer ? [] : [answer.bytes.buffer]);
    });
  });
}

async function answerOf(objects: Pick<ObjectStore, 'read'>, ownerId: number, ids: SizedId[]): Promise<Answer> {
  try {
    const found = await Array.fromAsync(objects.read(ownerId, ids));
    const bytes = new Uint8Array(found.reduce((sum, { data }) => sum + data.length, 0));
    let at = 0;
    for (const { data } of found) {
      bytes.set(data, at);
      at += data.length;
    }
    return { sizes: found.map(({ size, data }) => ({ size, stored: data.length })), bytes };
  } catch (error) {
    const known = error instanceof RoseError ? error : new RoseError('INTERNAL', 'The objects could not be read.');
    return { error: known.toBody() };
  }
}

/** The thread's end: reads the objects of the one owner whom it serves. */
export class PortObjects implements Pick<ObjectStore, 'read'>, Disposable {
  readonly #port: MessagePort;
  readonly #asked: PromiseWithResolvers<Answer>[] = [];

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (answer: Answer) => this.#asked.shift()?.resolve(answer));
  }

  async *read(_ownerId: number, ids: Iterable<SizedId> | AsyncIterable<SizedId>): AsyncGenerator<StoredBytes> {
    for await (const batch of inBatchesAsync(ids, BATCH, ({ size }) => size)) yield* await this.#ask(batch);
  }

  async #ask(ids: readonly SizedId[]): Promise<StoredBytes[]> {
    const asked = Promise.withResolvers<Answer>();
    this.#asked.push(asked);
    this.#port.postMessage(ids);
    const answer = await asked.promise;
    if ('error' in answer) throw errorFromBody(answer.error)!;
    let at = 0;
    return answer.sizes.map(({ size, stored }, index) => {
      const data = Buffer.from(answer.bytes.buffer, at, stored);
      at += stored;
      return { id: ids[index]!.id satisfies ObjectId, size, data };
    });
  }

  [Symbol.dispose](): void {
    this.#port.close();
  }
}
