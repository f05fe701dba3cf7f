import { RoseError, type VersionKind } from '@rose/contract';
import type { ObjectStore, SaveSession } from '../drivers/objects/objects.ts';
import type { Collector } from './collector.ts';
import { GuardedSession } from './guarded-session.ts';
import { QuotaLedger, type QuotaHold } from './quota-ledger.ts';

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
  readonly #ledgers = new Map<number, QuotaLedger>();

  constructor(options: QuotaOptions) {
    this.#options = options;
  }

  get bytes(): number | null {
    return this.#options.bytes;
  }

  /**
   * Holds room for what is about to be stored.
   * @throws RoseError LIMIT_EXCEEDED when so many compressed bytes more would be too many
   */
  async hold(ownerId: number, added: number): Promise<QuotaHold> {
    const { bytes, objects } = this.#options;
    const ledger = this.#ledgerOf(ownerId);
    using holds = new DisposableStack();
    const hold = holds.use(ledger.hold(added));
    if (bytes !== null && added > 0) requireWithin((await objects.storedBytes(ownerId)) + ledger.held, bytes);
    holds.move();
    return hold;
  }

  #ledgerOf(ownerId: number): QuotaLedger {
    const ledger = this.#ledgers.get(ownerId) ?? new QuotaLedger();
    this.#ledgers.set(ownerId, ledger);
    return ledger;
  }

  /** The session of a save that is refused with LIMIT_EXCEEDED as soon as it stores too much. */
  guard(session: SaveSession, { ownerId, kind }: { ownerId: number; kind: VersionKind }): SaveSession {
    const { bytes, objects } = this.#options;
    if (bytes === null || !BOUND.has(kind)) return session;
    const check = (value: number): void => requireWithin(value, bytes);
    const measure = (): Promise<number> => objects.storedBytes(ownerId);
    return new GuardedSession(session, { ledger: this.#ledgerOf(ownerId), measure, check });
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
function requireWithin(value: number, allowed: number): void {
  if (value <= allowed) return;
  const message = `The versions of this account may take ${allowed} bytes, and with this one they would take ${value} or more. Nothing was saved. Delete versions that you do not need (rose space P says what each would free), and try again.`;
  throw new RoseError('LIMIT_EXCEEDED', message, { limit: LIMIT, value, allowed });
}
