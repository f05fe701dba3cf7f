import { RoseError } from '@rose/contract';
import { FrameError } from '@rose/snapshot';
import { ZodError } from 'zod';
import { log } from './log.ts';

/**
 * Any failure in the words of the catalogue. What nobody foresaw is logged here and told to
 * the caller without its text, which may hold paths of the container.
 */
export function asRoseError(error: unknown): RoseError {
  if (error instanceof RoseError) return error;
  if (error instanceof ZodError) return invalidInput(error);
  if (error instanceof FrameError) return refused('body', error.message);
  log('error', 'unexpected failure', { error: error instanceof Error ? error.stack : String(error) });
  return new RoseError('INTERNAL', 'The agent failed at this; its log says more.');
}

function invalidInput(error: ZodError): RoseError {
  const issues = error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  const first = issues[0];
  const text = first === undefined ? 'The input is not valid.' : `${first.path || 'input'}: ${first.message}`;
  return new RoseError('INVALID_INPUT', text, { issues });
}

/** Input that breaks a rule which no schema can say. */
export function refused(path: string, message: string): RoseError {
  return new RoseError('INVALID_INPUT', message, { issues: [{ path, message }] });
}

/** The caller left, or the agent stops. */
export function cancelled(): RoseError {
  return new RoseError('CANCELLED', 'The call was cancelled.');
}
