import { parseQuery } from '@rose/snapshot';
import type { z } from 'zod';
import { refused } from './failures.ts';

/**
 * Parameters of a byte stream's URL, checked.
 * @throws RoseError INVALID_INPUT
 */
export function readQuery<S extends z.ZodType>(url: string | undefined, schema: S): z.infer<S> {
  return schema.parse(Object.fromEntries(parametersOf(url)));
}

function parametersOf(url: string | undefined): Map<string, string> {
  try {
    return parseQuery(url);
  } catch (error) {
    if (error instanceof RangeError) throw refused('query', error.message);
    throw error;
  }
}
