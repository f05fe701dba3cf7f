import type { z } from 'zod';

const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** Refuses what PostgreSQL cannot hold: NUL and lone surrogates. */
export function storable<T extends z.ZodType<string>>(schema: T): T {
  return schema.refine(
    (text) => !text.includes('\0') && text.isWellFormed(),
    'NUL and broken Unicode are not allowed here.',
  );
}

/** Refuses control characters too: such a name would break a terminal line or a log. */
export function printable<T extends z.ZodType<string>>(schema: T): T {
  return schema.refine(
    (text) => !CONTROL.test(text) && text.isWellFormed(),
    'Control characters and broken Unicode are not allowed here.',
  );
}
