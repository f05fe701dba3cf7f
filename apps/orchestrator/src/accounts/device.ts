import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * A device that has signed in to an account keeps a cookie that says so. It signs nobody in: it
 * only gives its owner tries of his own while others guess at the account (OWASP: device cookies).
 */
export class Devices {
  readonly #key: Buffer;

  /** @param secretKey The installation's; the key used here is derived from it. */
  constructor(secretKey: Uint8Array) {
    this.#key = createHmac('sha256', secretKey).update('device cookie').digest();
  }

  /** The value of a new cookie for an account. */
  issue(email: string): string {
    const nonce = randomBytes(16).toString('base64url');
    return `${nonce}.${this.#seal(email, nonce)}`;
  }

  /** The device's name when its cookie was issued for this account, else null. */
  recognise(cookie: string | null, email: string): string | null {
    const [nonce, seal] = cookie?.split('.', 2) ?? [];
    if (nonce === undefined || seal === undefined) return null;
    const expected = Buffer.from(this.#seal(email, nonce));
    const given = Buffer.from(seal);
    return expected.length === given.length && timingSafeEqual(expected, given) ? nonce : null;
  }

  #seal(email: string, nonce: string): string {
    return createHmac('sha256', this.#key).update(`${nonce}.${email}`).digest('base64url');
  }
}
