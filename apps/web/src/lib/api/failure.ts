import { RoseError } from '@rose/contract';

/**
 * Any error in the words of the catalogue. One that is no failure of RoSE's is a mistake of this
 * page: the console has it whole, the reader gets a sentence.
 */
export function failureOf(error: unknown): RoseError {
  if (isTimeout(error) || isTimeout((error as Error | null)?.cause)) {
    return new RoseError('TIMEOUT', 'RoSE took too long to answer. Try again.');
  }
  if (error instanceof RoseError) return error;
  console.error(error);
  return new RoseError('INTERNAL', 'This page met something that it cannot handle. Reload it and try again.');
}

/** What `AbortSignal.timeout` ends a call with. */
function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError';
}
