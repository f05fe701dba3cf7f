import { z } from 'zod';
import { printable } from './text.ts';

/** Lower-cased: an address is one account whatever its case. */
export const emailSchema = z
  .string()
  .trim()
  .max(254, 'An e-mail address has at most 254 characters.')
  .pipe(z.email('This is not an e-mail address.'))
  .transform((email) => email.toLowerCase());

/** Length in characters (code points); common passwords are refused by the service. */
export const passwordSchema = z.string().refine((password) => {
  const length = Array.from(password.slice(0, 600)).length;
  return length >= 8 && length <= 128;
}, 'A password has 8 to 128 characters.');

export const personNameSchema = printable(
  z.string().trim().min(1, 'A name is needed.').max(100, 'A name has at most 100 characters.'),
);

export const signUpInput = z.strictObject({ email: emailSchema, name: personNameSchema, password: passwordSchema });
export const signInInput = z.strictObject({ email: emailSchema, password: z.string().max(1000) });
export const changePasswordInput = z.strictObject({ current: z.string().max(1000), next: passwordSchema });

export const tokenNameSchema = printable(z.string().trim().min(1).max(100));
export const createTokenInput = z.strictObject({
  name: tokenNameSchema,
  scope: z.enum(['full', 'read-only']).default('full'),
  expiresInDays: z.number().int().min(1).max(3650).default(365),
});

export const endSessionInput = z.strictObject({ id: z.string().min(1).max(100) });
export const revokeTokenInput = z.strictObject({ id: z.number().int().min(1).max(2_147_483_647) });

/** Who is signed in. */
export interface Account {
  id: number;
  email: string;
  name: string;
}

/** One sign-in, as its owner sees it. The id is not the secret that signs in. */
export interface SessionView {
  id: string;
  /** The one that asks. */
  current: boolean;
  userAgent: string | null;
  /** ISO 8601. */
  createdAt: string;
  expiresAt: string;
}

export type TokenScope = 'full' | 'read-only';

export interface TokenView {
  id: number;
  name: string;
  scope: TokenScope;
  /** ISO 8601. */
  createdAt: string;
  expiresAt: string;
  lastUsedAt: string | null;
}

/** The only answer that holds the token itself. */
export interface CreatedToken extends TokenView {
  token: string;
}
