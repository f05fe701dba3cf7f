import { RoseError } from '@rose/contract';
import { dictionary } from '@zxcvbn-ts/language-common';
import { expect, it } from 'vitest';
import { Passwords } from './passwords.ts';

const passwords = new Passwords();
const isRefused = (password: string): boolean => {
  try {
    passwords.refuseWeak(password, 'ada@example.org');
    return false;
  } catch (error) {
    return error instanceof RoseError && error.code === 'WEAK_PASSWORD';
  }
};

it('the 3,000 most common passwords of 8 or more characters are all refused, in any case', () => {
  const common = dictionary['passwords-common'].filter((password) => password.length >= 8).slice(0, 3000);
  expect(common).toHaveLength(3000);
  expect(common.filter((password) => !isRefused(password))).toEqual([]);
  expect(common.filter((password) => !isRefused(password.toUpperCase()))).toEqual([]);
});

it('the e-mail address is no password, a rare phrase is one', () => {
  expect(isRefused('Ada@example.org')).toBe(true);
  expect(isRefused('correct horse battery staple')).toBe(false);
});

it('a password is hashed with argon2id at the cost of the design, and never twice to the same hash', async () => {
  const [one, two] = await Promise.all([passwords.hash('a rare phrase'), passwords.hash('a rare phrase')]);
  expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(one).not.toBe(two);
});

it('no part of a long password is cut off', async () => {
  const start = 'x'.repeat(72);
  const phc = await passwords.hash(`${start}a`);
  expect(await passwords.matches(phc, `${start}a`)).toBe(true);
  expect(await passwords.matches(phc, `${start}b`)).toBe(false);
});

it('a crowd of sign-ins is refused rather than queued without end', async () => {
  const crowd = await Promise.allSettled(Array.from({ length: 40 }, () => passwords.matches(null, 'guess')));
  const refused = crowd.filter((outcome) => outcome.status === 'rejected');
  expect(refused).toHaveLength(8);
  expect(refused[0]?.reason).toMatchObject({ code: 'TOO_MANY_REQUESTS' });
});
