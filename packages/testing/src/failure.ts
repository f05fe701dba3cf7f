import { errorFromBody, RoseError, type ErrorCode } from '@rose/contract';
import { TRPCClientError } from '@trpc/client';

/**
 * The failure of a call, in the words of the catalogue.
 * @throws Error when the call succeeds, or fails in other words.
 */
export async function failureOf(call: Promise<unknown>): Promise<RoseError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof RoseError) return error;
    const data: unknown = error instanceof TRPCClientError ? error.data : null;
    const rose = errorFromBody((data as { rose?: unknown } | null)?.rose);
    if (rose !== null) return rose;
    throw error;
  }
  throw new Error('The call succeeded, and should have failed.');
}

/** The code of a call's failure. */
export async function codeOf(call: Promise<unknown>): Promise<ErrorCode> {
  return (await failureOf(call)).code;
}
