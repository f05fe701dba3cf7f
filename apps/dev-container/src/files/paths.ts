import { workspacePathSchema } from '@rose/contract';
import { fromText, type Raw } from '@rose/snapshot';
import { z } from 'zod';

/** A path of the workspace as it crosses a wire, parsed to bytes. */
export const rawPathSchema = workspacePathSchema.transform(toRaw);

/** A single name, or '' for none. */
export const rawNameSchema = z.string().max(1024).transform(toRaw);

function toRaw(text: string, context: z.RefinementCtx): Raw {
  try {
    return fromText(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'A path has no lone surrogate that stands for no byte.' });
    return z.NEVER;
  }
}

/** SHA-256, hex, lower case. */
export const hashSchema = z.string().regex(/^[0-9a-f]{64}$/, 'A hash is 64 hexadecimal digits.');
