import type { NewObject, SaveSession } from '../drivers/objects/objects.ts';
import type { QuotaLedger } from './quota-ledger.ts';

export interface QuotaGuard {
  ledger: QuotaLedger;
  /** Bytes that the account stores now. */
  measure: () => Promise<number>;
  /** @throws RoseError LIMIT_EXCEEDED when so many are too many */
  check: (bytes: number) => void;
}

/** The session of a save that ends as soon as it stores too much. */
export class GuardedSession implements SaveSession {
  readonly #session: SaveSession;
  readonly #guard: QuotaGuard;
  /** What was stored when it was measured last, and what the ledger said then. */
  #measured: { bytes: number; ledger: number } | null = null;

  constructor(session: SaveSession, guard: QuotaGuard) {
    this.#session = session;
    this.#guard = guard;
  }

  async put(objects: readonly NewObject[]): Promise<number> {
    const { ledger, check } = this.#guard;
    this.#measured ??= await this.#measure();
    const added = await this.#session.put(objects);
    ledger.stored += added;
    if (added === 0) return 0;
    const { bytes, ledger: then } = this.#measured;
    try {
      check(bytes + ledger.stored - then + ledger.held);
    } catch {
      // Others may have given up meanwhile, and their garbage may be gone.
      this.#measured = await this.#measure();
      check(this.#measured.bytes + ledger.held);
    }
    return added;
  }

  async #measure(): Promise<{ bytes: number; ledger: number }> {
    const { ledger, measure } = this.#guard;
    const { stored } = ledger;
    return { bytes: await measure(), ledger: stored };
  }

  async confirm(): Promise<void> {
    await this.#session.confirm();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }
}
