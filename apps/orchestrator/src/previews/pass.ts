import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Place } from './preview-hosts.ts';

/** By what right somebody looks at one preview: he signed in to RoSE, or came by a link. */
export interface Pass extends Place {
  /** Whose right it is: the visitor's own, or that of who shares the link. */
  accountId: number;
  /** What ends the pass when it ends: the visitor's session or API token, or the link. */
  by: 'session' | 'token' | 'link';
  /** Names that; it signs nobody in. */
  key: string;
  expiresAt: Date;
}

const schema = z.strictObject({
  projectId: z.number(),
  port: z.number(),
  accountId: z.number(),
  by: z.enum(['session', 'token', 'link']),
  key: z.string(),
  expiresAt: z.number().transform((ms) => new Date(ms)),
});
const PURPOSE = 'rose preview pass';
const KEY_BYTES = 32;
const LONGEST = 1024;

/** Writes passes so that only RoSE can: they are kept by browsers, as the value of a cookie. */
export class PassSeal {
  readonly #key: Buffer;

  /** @param secretKey the installation's */
  constructor(secretKey: Uint8Array) {
    this.#key = Buffer.from(hkdfSync('sha256', secretKey, '', PURPOSE, KEY_BYTES));
  }

  seal({ projectId, port, accountId, by, key, expiresAt }: Pass): string {
    const plain = JSON.stringify({ projectId, port, accountId, by, key, expiresAt: expiresAt.getTime() });
    const text = Buffer.from(plain).toString('base64url');
    return `${text}.${this.#mark(text).toString('base64url')}`;
  }

  /** null for what this installation did not write, and for what has expired. */
  open(sealed: string): Pass | null {
    if (sealed.length > LONGEST) return null;
    const [text = '', mark = ''] = sealed.split('.', 2);
    const expected = this.#mark(text);
    const given = Buffer.from(mark, 'base64url');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
    // RoSE wrote it, but maybe another version of it.
    const { data } = schema.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString()));
    return data !== undefined && data.expiresAt > new Date() ? data : null;
  }

  #mark(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest();
  }
}
