import { hash, verify } from '@node-rs/argon2';
import { RoseError } from '@rose/contract';
import { dictionary } from '@zxcvbn-ts/language-common';

/** argon2id (the library's default algorithm) with the parameters of OWASP ASVS 5, appendix C. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
/** Hashes under way or waiting; each holds 19 MiB while it runs, four run at once. */
const MOST_AT_ONCE = 32;
const SHORTEST = 8;

/** Hashes, checks and refuses passwords. */
export class Passwords {
  /** Lower-cased, as the list is: a capital letter does not make a common password rare. */
  readonly #common = new Set(dictionary['passwords-common'].filter((password) => password.length >= SHORTEST));
  readonly #nobodysHash: Promise<string>;
  #underWay = 0;

  constructor() {
    this.#nobodysHash = hash(crypto.randomUUID(), COST);
    this.#nobodysHash.catch(() => undefined);
  }

  /** @throws RoseError WEAK_PASSWORD when the password is on the list of common ones or is the e-mail address. */
  refuseWeak(password: string, email: string): void {
    const plain = password.toLowerCase();
    if (this.#common.has(plain)) {
      throw new RoseError('WEAK_PASSWORD', 'This password is on every list of common passwords. Choose another one.');
    }
    if (plain === email) {
      throw new RoseError('WEAK_PASSWORD', 'A password must not be the e-mail address. Choose another one.');
    }
  }

  /** A PHC string. Neither truncates nor changes what it is given. */
  hash(password: string): Promise<string> {
    return this.#bounded(() => hash(password, COST));
  }

  /** `phc` null (nobody has this e-mail) takes as long as a wrong password. */
  async matches(phc: string | null, password: string): Promise<boolean> {
    const known = phc ?? (await this.#nobodysHash);
    const isRight = await this.#bounded(() => verify(known, password));
    return isRight && phc !== null;
  }

  async #bounded<T>(work: () => Promise<T>): Promise<T> {
    if (this.#underWay >= MOST_AT_ONCE) {
      throw new RoseError('TOO_MANY_REQUESTS', 'Too many people sign in at this moment. Try again in a second.', {
        retryAfterSeconds: 1,
      });
    }
    this.#underWay += 1;
    try {
      return await work();
    } finally {
      this.#underWay -= 1;
    }
  }
}
