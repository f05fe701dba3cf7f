import { createHash } from 'node:crypto';
import { RoseError } from '@rose/contract';
import {
  decodeJson,
  DEFAULT_VERSION_LIMITS,
  encodeFrame,
  FrameError,
  ObjectError,
  readFrames,
  type Frame,
  type ObjectId,
} from '@rose/snapshot';
import { z } from 'zod';
import type { TreeTotals } from '../../drivers/objects/objects.ts';
import { SaveBounds } from '../save-bounds.ts';
import { SaveReceiver, unknownObject, type SaveTarget } from '../save-receiver.ts';
import { endSchema, headerSchema, HISTORY_FRAME, versionSchema, type HistoryVersion } from './history-format.ts';

/** A version of a history whose objects are all stored. */
export interface ReadVersion extends Omit<HistoryVersion, 'root'> {
  root: ObjectId;
  totals: TreeTotals;
  /** Compressed bytes that the versions before it did not hold. */
  storedBytes: number;
}

/** Of all that is told of versions, which is held until the end. */
const MAX_TOLD_BYTES = 32 * 1024 * 1024;

/**
 * Reads a history, its objects into `target`, and checks every rule on the way, as of a save: nothing that a file says is
 * believed. Every version is complete by itself: no object may be missing.
 * @throws RoseError ARCHIVE_REFUSED, LIMIT_EXCEEDED, TIMEOUT, CANCELLED
 */
export async function readHistory(source: AsyncIterable<Uint8Array>, target: SaveTarget): Promise<ReadVersion[]> {
  const reader = new HistoryReader(target);
  try {
    for await (const frame of readFrames(source)) await reader.take(frame);
    return reader.finish();
  } catch (error) {
    if (error instanceof RoseError && error.code === 'AGENT_LIED')
      throw refused('an object that a version needs is missing or is another.', error);
    if (error instanceof ObjectError || error instanceof FrameError) throw refused(error.message, error);
    if (error instanceof z.ZodError) throw refused(z.prettifyError(error), error);
    throw error;
  }
}

class HistoryReader {
  readonly #receiver: SaveReceiver;
  /** A file may go on for ever without ever being wrong. */
  readonly #bounds = new SaveBounds(DEFAULT_VERSION_LIMITS);
  readonly #versions: ReadVersion[] = [];
  #hasHeader = false;
  #hasEnd = false;
  #objects = 0;
  #told = 0;
  #stored = 0;
  readonly #hash = createHash('sha256');

  constructor(target: SaveTarget) {
    this.#receiver = new SaveReceiver(target, DEFAULT_VERSION_LIMITS);
  }

  async take(frame: Frame): Promise<void> {
    if (this.#hasEnd) throw new FrameError('Something follows the end of the history.');
    if (this.#hasHeader !== (frame.type !== HISTORY_FRAME.header))
      throw new FrameError('The file is no history of a project.');
    if (frame.type !== HISTORY_FRAME.end) this.#hash.update(encodeFrame(frame.type, frame.payload));
    switch (frame.type) {
      case HISTORY_FRAME.header:
        headerSchema.parse(decodeJson(frame.payload));
        this.#hasHeader = true;
        return;
      case HISTORY_FRAME.version:
        return await this.#version(frame);
      case HISTORY_FRAME.end:
        return this.#end(frame);
      default:
        this.#objects += 1;
        this.#bounds.object(frame.payload.length);
        return await this.#receiver.object(frame);
    }
  }

  async #version({ payload }: Frame): Promise<void> {
    this.#told += payload.length;
    if (this.#told > MAX_TOLD_BYTES) throw new FrameError('It tells too much of its versions.');
    const version = versionSchema.parse(decodeJson(payload));
    if (version.number <= (this.#versions.at(-1)?.number ?? 0))
      throw new FrameError('Its versions are not in their order.');
    const { root, totals, storedBytes, sent } = await this.#receiver.root(version.root);
    if (sent.refersToBase) throw unknownObject();
    this.#versions.push({ ...version, root, totals, storedBytes: storedBytes - this.#stored });
    this.#stored = storedBytes;
  }

  #end({ payload }: Frame): void {
    const { versions, objects, sha256 } = endSchema.parse(decodeJson(payload));
    if (versions !== this.#versions.length || objects !== this.#objects)
      throw new FrameError('A part of the history is missing.');
    if (sha256 !== this.#hash.digest('hex')) throw new FrameError('The file is not as it was written.');
    this.#hasEnd = true;
  }

  finish(): ReadVersion[] {
    if (!this.#hasEnd) throw new FrameError('The file ends before the history does.');
    if (this.#versions.filter(({ active }) => active).length > 1) throw new FrameError('Two versions are active.');
    return this.#versions;
  }
}

function refused(why: string, cause: unknown): RoseError<'ARCHIVE_REFUSED'> {
  return new RoseError('ARCHIVE_REFUSED', `The history cannot be imported: ${why} Nothing was made.`, {}, { cause });
}
