import type { NewObject, SaveSession } from '../../drivers/objects/objects.ts';

/**
 * Begins the save with its first objects: before them a zip may take hours to arrive, in which
 * neither a connection nor the owner's objects are to be held.
 */
export class LateSave implements SaveSession {
  readonly #begin: () => Promise<SaveSession>;
  #begun: Promise<SaveSession> | null = null;

  constructor(begin: () => Promise<SaveSession>) {
    this.#begin = begin;
  }

  async confirm(): Promise<void> {
    const session = await this.#begun;
    await session?.confirm();
  }

  async put(objects: readonly NewObject[]): Promise<number> {
    if (objects.length === 0) return 0;
    this.#begun ??= this.#begin();
    const session = await this.#begun;
    return await session.put(objects);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const session = await this.#begun?.catch(() => null);
    await session?.[Symbol.asyncDispose]();
  }
}
