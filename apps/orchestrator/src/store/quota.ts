import { RoseError, type VersionKind } from '@rose/contract';
import type { NewObject, ObjectStore, SaveSession } from '../drivers/objects/objects.ts';
import type { Collector } from './collector.ts';

export interface QuotaOptions {
  objects: Pick<ObjectStore, 'storedBytes'>;
  collector: Pick<Collector, 'collect'>;
  /** Compressed bytes that each account may store, every object once; null for no limit. */
  bytes: number | null;
}

/** Checkpoints that keep work from being lost are made in any case. */
const BOUND: ReadonlySet<VersionKind> = new Set(['manual', 'auto-save', 'import']);
const LIMIT = 'quotaBytes';

/** What an account may store. */
export class Quota {
  readonly #options: QuotaOptions;

  constructor(options: QuotaOptions) {
    this.#options = options;
  }

  get bytes(): number | null {
    return this.#options.bytes;
  }

  /** @throws RoseError LIMIT_EXCEEDED when so many compressed bytes more would be too many */
  async require(ownerId: number, added: number): Promise<void> {
    const { bytes, objects } = this.#options;
    if (bytes === null || added === 0) return;
    const value = (await objects.storedBytes(ownerId)) + added;
    if (value > bytes) throw overQuota(value, bytes);
  }

  /** The session of a save that is refused with LIMIT_EXCEEDED as soon as it stores too much. */
  guard(session: SaveSession, { ownerId, kind }: { ownerId: number; kind: VersionKind }): SaveSession {
    const { bytes, objects } = this.#options;
    if (bytes === null || !BOUND.has(kind)) return session;
    return new GuardedSession(session, bytes, () => objects.storedBytes(ownerId));
  }

  /**
   * Carries out a save. When it is refused, what it stored is freed at once; it is tried again if that freed more: garbage
   * stood in its way.
   */
  async relieved<T>(ownerId: number, save: () => Promise<T>): Promise<T> {
    const { bytes, objects } = this.#options;
    if (bytes === null) return await save();
    const before = await objects.storedBytes(ownerId);
    try {
      return await save();
    } catch (error) {
      if (!isOverQuota(error)) throw error;
      await this.#tidy(ownerId);
      if ((await objects.storedBytes(ownerId)) >= before) throw error;
      return await save();
    }
  }

  /** As `relieved`, for what cannot be tried again. */
  async tidied<T>(ownerId: number, save: () => Promise<T>): Promise<T> {
    try {
      return await save();
    } catch (error) {
      if (isOverQuota(error)) await this.#tidy(ownerId);
      throw error;
    }
  }

  /** Frees what a refused save has stored. Never throws: the daily round frees it too. */
  async #tidy(ownerId: number): Promise<void> {
    await this.#options.collector.collect(ownerId).catch(() => {});
  }
}

function isOverQuota(error: unknown): boolean {
  return error instanceof RoseError && error.code === 'LIMIT_EXCEEDED' && error.details['limit'] === LIMIT;
}

/** Whose they are is not said: an editor saves into the owner's store. */
function overQuota(value: number, allowed: number): RoseError<'LIMIT_EXCEEDED'> {
  const message = `The versions of this account may take ${allowed} bytes, and with this one they would take ${value} or more. Nothing was saved. Delete versions that you do not need (rose space P says what each would free), and try again.`;
  return new RoseError('LIMIT_EXCEEDED', message, { limit: LIMIT, value, allowed });
}

class GuardedSession implements SaveSession {
  readonly #session: SaveSession;
  readonly #allowed: number;
  readonly #measure: () => Promise<number>;
  #before: number | null = null;
  #added = 0;

  constructor(session: SaveSession, allowed: number, measure: () => Promise<number>) {
    this.#session = session;
    this.#allowed = allowed;
    this.#measure = measure;
  }

  async put(objects: readonly NewObject[]): Promise<number> {
    this.#before ??= await this.#measure();
    const added = await this.#session.put(objects);
    this.#added += added;
    const value = this.#before + this.#added;
    if (this.#added > 0 && value > this.#allowed) throw overQuota(value, this.#allowed);
    return added;
  }

  async confirm(): Promise<void> {
    await this.#session.confirm();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }
}
