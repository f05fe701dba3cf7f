/** Deeds on one thing happen one after the other, those on different things at once. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  take<T>(key: string, deed: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(key) ?? Promise.resolve()).then(deed);
    const over = turn
      .catch(() => {})
      .then(() => {
        if (this.#last.get(key) === over) this.#last.delete(key);
      });
    this.#last.set(key, over);
    return turn;
  }
}
