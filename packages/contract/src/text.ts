import type { z } from 'zod';

const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** Refuses control characters: such a name would break a terminal line or a log. */
export function printable<T extends z.ZodType<string>>(schema: T): T {
  return schema.refine((text) => !CONTROL.test(text), 'Control characters are not allowed here.') as unknown as T;
}
