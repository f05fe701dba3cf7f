import { projectSettingsSchema, userSettingsSchema } from '@rose/contract';
import { expect, test } from 'vitest';
import { asDraft, fromDraft, settingsOf } from '../src/lib/settings/controls.ts';

test('every setting of the contract has a control of its kind and a label', () => {
  const settings = settingsOf(projectSettingsSchema);
  const kinds = Object.fromEntries(settings.map(({ key, control }) => [key, control.kind]));
  expect(kinds).toMatchObject({
    memoryMiB: 'number',
    cpus: 'number',
    egress: 'choice',
    egressAllow: 'list',
    environment: 'pairs',
    preSaveCommand: 'text',
  });
  const labels = Object.fromEntries(settings.map(({ key, label }) => [key, label]));
  expect(labels).toMatchObject({ memoryMiB: 'Memory (MiB)', cpus: 'CPUs', idlePauseMinutes: 'Idle pause minutes' });
  expect(settingsOf(userSettingsSchema).find(({ key }) => key === 'editorTabSize')?.control).toEqual({
    kind: 'number',
    minimum: 1,
    maximum: 16,
    step: 1,
  });
});

test('what a control shows is read back as the same value', () => {
  for (const [control, value] of [
    [{ kind: 'number', minimum: 0, maximum: 9, step: 1 }, 7],
    [{ kind: 'text' }, ' npm run lint '],
    [{ kind: 'list' }, ['example.org', '*.example.com']],
    [{ kind: 'pairs' }, { A: 'x=y', B: '', C: 'two\nlines', D: ' spaced ', E: '"quoted"', F: '\\n' }],
  ] as const) {
    expect(fromDraft(asDraft(value, control), control)).toEqual(value);
  }
});

test('an empty or mistyped number is no number, and no setting takes it', () => {
  for (const draft of ['', '  ', 'seven']) {
    const memoryMiB = fromDraft(draft, { kind: 'number', minimum: undefined, maximum: undefined, step: 1 });
    expect(projectSettingsSchema.partial().safeParse({ memoryMiB }).success).toBe(false);
  }
});
