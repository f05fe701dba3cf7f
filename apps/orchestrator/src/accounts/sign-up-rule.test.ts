import { codeOf, testOrchestrator } from '@rose/testing';
import { describe, expect, it } from 'vitest';
import { signUpRuleFor } from './sign-up-rule.ts';

const sandbox = { isolation: { level: 'sandbox', description: 'bubblewrap' } } as const;
const nothing = { isolation: { level: 'none', description: 'no sandbox' } } as const;

describe('who may sign up', () => {
  it.each([
    ['127.0.0.1', null, 'open'],
    ['localhost', 'http://localhost:4000', 'open'],
    ['::1', null, 'open'],
    ['0.0.0.0', null, 'first-only'],
    ['192.168.1.5', null, 'first-only'],
    ['127.0.0.1', 'https://rose.example.org', 'first-only'],
  ])('host %s, public URL %s: %s', (host, publicUrl, rule) => {
    expect(signUpRuleFor({ host, publicUrl }, sandbox)).toBe(rule);
  });

  it('without a sandbox there is one account, on any host', () => {
    expect(signUpRuleFor({ host: '127.0.0.1', publicUrl: null }, nothing)).toBe('single-person');
  });
});

it('where a network can reach it, the first account is the only one that signs up, of many at once too', async () => {
  await using rose = await testOrchestrator({ config: { host: '0.0.0.0' } });
  const people = ['Ada', 'Bela', 'Carol', 'Dora'];
  const outcomes = await Promise.allSettled(people.map((name) => rose.signUp(name)));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(await codeOf(rose.signUp('Eve'))).toBe('SIGN_UP_CLOSED');
});
