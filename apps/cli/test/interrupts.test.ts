import { expect, test } from 'vitest';
import { exitCodeOf, Interrupts } from '../src/interrupts.ts';

test('the first signal cancels, and its number makes the exit code', () => {
  const interrupts = new Interrupts();
  expect(interrupts.exitCode).toBeNull();
  interrupts.receive('SIGINT');
  interrupts.receive('SIGTERM');
  expect(interrupts.signal.aborted).toBe(true);
  expect(interrupts.exitCode).toBe(130);
});

test('signals that somebody takes cancel nothing, until he gives them back', () => {
  const interrupts = new Interrupts();
  const taken: string[] = [];
  {
    using _ = interrupts.take((signal) => taken.push(signal));
    interrupts.receive('SIGINT');
  }
  expect(taken).toEqual(['SIGINT']);
  expect(interrupts.signal.aborted).toBe(false);
  interrupts.receive('SIGTERM');
  expect(interrupts.exitCode).toBe(143);
});

test('exit codes of signals are those of shells', () => {
  expect([exitCodeOf('SIGKILL'), exitCodeOf('SIGPIPE'), exitCodeOf('SIGFROB')]).toEqual([137, 141, 128]);
});
