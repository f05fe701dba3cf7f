/** What the saves and forks that run now do to one account's store: each of them alone might fit. */
export class QuotaLedger {
  /** Compressed bytes that were stored since RoSE started. */
  stored = 0;
  /** Of what will be stored in any case. */
  held = 0;

  /** Holds room for so many bytes, until they are stored or the hold is disposed. */
  hold(bytes: number): QuotaHold {
    let left = bytes;
    const give = (part: number): void => {
      left -= part;
      this.held -= part;
    };
    this.held += bytes;
    return {
      store: (part) => {
        give(part);
        this.stored += part;
      },
      [Symbol.dispose]: () => give(left),
    };
  }
}

/** Room in an account's quota. */
export interface QuotaHold extends Disposable {
  /** Tells that so many bytes of it are stored. */
  store(bytes: number): void;
}
