import { setTimeout as sleep } from 'node:timers/promises';
import { RoseError } from '@rose/contract';
import type { Pool, PoolClient } from 'pg';
import { translateDatabaseError } from '../database/index.ts';

/** "RoSO", first key of the advisory locks that guard an owner's objects; the second is the owner. The installation's lock is "RoSE". */
export const OWNER_OBJECTS_LOCK = 0x526f534f;

const POLL_MS = 50;
/** A batch of a collection takes far less. */
const WAIT_MS = 60_000;

/** Keeps an owner's objects from being collected. */
export interface OwnerLock extends AsyncDisposable {
  /** @throws RoseError DATABASE_UNAVAILABLE when the connection broke since: objects may be gone */
  confirm(): Promise<void>;
}

interface Keeper {
  client: PoolClient;
  /** Holders per owner. */
  owners: Map<number, number>;
  isLost: boolean;
  /** Hears that the connection broke. */
  lost: () => void;
}

/**
 * The locks of all running saves on one connection: a save waits for its container most of the
 * time, and however many do, the pool stays free for everything else.
 */
export class OwnerLocks {
  readonly #pool: Pool;
  #keeper: Keeper | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** @throws RoseError BUSY when a collection holds the owner too long, DATABASE_UNAVAILABLE */
  async hold(ownerId: number): Promise<OwnerLock> {
    for (const until = Date.now() + WAIT_MS; ;) {
      const keeper = await this.#inTurn(() => this.#tryHold(ownerId));
      if (keeper !== null) return this.#lockOf(keeper, ownerId);
      if (Date.now() > until) throw new RoseError('BUSY', 'The store is being cleaned up. Try again shortly.');
      await sleep(POLL_MS);
    }
  }

  #lockOf(keeper: Keeper, ownerId: number): OwnerLock {
    return {
      confirm: () => this.#inTurn(() => confirm(keeper)),
      [Symbol.asyncDispose]: () => this.#inTurn(() => this.#release(keeper, ownerId)),
    };
  }

  async #tryHold(ownerId: number): Promise<Keeper | null> {
    const keeper = (this.#keeper ??= await this.#open());
    const holders = keeper.owners.get(ownerId) ?? 0;
    if (holders === 0 && !(await isGranted(keeper, 'SELECT pg_try_advisory_lock_shared($1, $2) AS granted', ownerId))) {
      this.#closeIfIdle(keeper);
      return null;
    }
    keeper.owners.set(ownerId, holders + 1);
    return keeper;
  }

  async #open(): Promise<Keeper> {
    const client = await this.#pool.connect();
    const lost = (): void => {
      keeper.isLost = true;
      if (this.#keeper === keeper) this.#keeper = null;
      client.release(true);
    };
    const keeper: Keeper = { client, owners: new Map(), isLost: false, lost };
    client.once('end', lost);
    return keeper;
  }

  async #release(keeper: Keeper, ownerId: number): Promise<void> {
    const holders = (keeper.owners.get(ownerId) ?? 1) - 1;
    if (holders > 0) keeper.owners.set(ownerId, holders);
    else keeper.owners.delete(ownerId);
    if (keeper.isLost) return;
    try {
      if (holders === 0) await isGranted(keeper, 'SELECT pg_advisory_unlock_shared($1, $2) AS granted', ownerId);
    } catch {
      // A broken connection gives its locks back by itself.
    }
    this.#closeIfIdle(keeper);
  }

  #closeIfIdle(keeper: Keeper): void {
    if (keeper.isLost || keeper.owners.size > 0) return;
    this.#keeper = null;
    keeper.client.off('end', keeper.lost);
    keeper.client.release();
  }

  async #inTurn<T>(deed: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(deed, deed);
    this.#turn = done.catch(() => {});
    try {
      return await done;
    } catch (error) {
      throw translateDatabaseError(error);
    }
  }
}

async function isGranted({ client }: Keeper, statement: string, ownerId: number): Promise<boolean> {
  const { rows } = await client.query<{ granted: boolean }>(statement, [OWNER_OBJECTS_LOCK, ownerId]);
  return rows[0]?.granted === true;
}

async function confirm(keeper: Keeper): Promise<void> {
  if (keeper.isLost) throw new RoseError('DATABASE_UNAVAILABLE', 'The database was away for a moment. Try again.');
  await keeper.client.query('SELECT 1');
}
