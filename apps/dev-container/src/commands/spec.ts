import { constants } from 'node:os';
import type { CommandSignal, CommandSpec } from '@rose/contract';
import { z } from 'zod';
import { rawPathSchema } from '../files/paths.ts';

const noNul = z.string().refine((text) => !text.includes('\0'), 'No NUL is allowed here.');
const DAY_SECONDS = 86_400;

/** A `CommandSpec` from a wire, checked. */
export const commandSpecSchema = z.strictObject({
  argv: z.tuple([noNul.min(1, 'The name of a program is needed.')], noNul).refine((argv) => argv.length <= 10_000),
  cwd: rawPathSchema.default('' as never),
  env: z.record(z.string().regex(/^[^=\0]{1,1024}$/, 'This is no name of a variable.'), noNul.max(131_072)).default({}),
  timeLimitSeconds: z
    .number()
    .positive()
    .max(7 * DAY_SECONDS)
    .optional(),
  stdin: z.boolean().default(false),
}) satisfies z.ZodType<unknown, CommandSpec>;

export type CheckedSpec = z.output<typeof commandSpecSchema>;

/** Name of a signal that this platform knows. */
export const signalNameSchema = z
  .string()
  .refine((name): name is NodeJS.Signals => Object.hasOwn(constants.signals, name), 'There is no such signal.');

export const commandSignalSchema = z.strictObject({ signal: signalNameSchema }) satisfies z.ZodType<
  unknown,
  CommandSignal
>;
