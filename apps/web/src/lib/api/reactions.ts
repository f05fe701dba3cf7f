import type { ErrorCode, RoseError } from '@rose/contract';

/**
 * What the UI does about a failure, beside showing its message:
 * - `field`: the message belongs to an input of the form.
 * - `sign-in`: the session is over; back to the sign-in page.
 * - `retry`: passes by itself or with time; offers to try again.
 * - `refresh`: what is shown is no longer so; offers to look again.
 * - `ignore`: nothing went wrong for the reader.
 * - `tell`: only the message.
 */
export type Reaction = 'field' | 'sign-in' | 'retry' | 'refresh' | 'ignore' | 'tell';

/** Every code of the catalogue: a new one does not compile until somebody decides here. */
const REACTIONS: Record<ErrorCode, Reaction> = {
  INVALID_INPUT: 'field',
  WEAK_PASSWORD: 'field',
  EMAIL_TAKEN: 'field',
  NAME_TAKEN: 'field',
  UNAUTHENTICATED: 'sign-in',
  BUSY: 'retry',
  TIMEOUT: 'retry',
  TOO_MANY_REQUESTS: 'retry',
  AGENT_UNAVAILABLE: 'retry',
  CONTAINER_FAILED: 'retry',
  RUNTIME_UNAVAILABLE: 'retry',
  DATABASE_UNAVAILABLE: 'retry',
  STOPPING: 'retry',
  UNREACHABLE: 'retry',
  INTERNAL: 'retry',
  CONFLICT: 'refresh',
  FILE_CHANGED: 'refresh',
  NEEDS_ATTENTION: 'refresh',
  CANCELLED: 'ignore',
  WRONG_CREDENTIALS: 'tell',
  FORBIDDEN: 'tell',
  SIGN_UP_CLOSED: 'tell',
  NOT_FOUND: 'tell',
  ARCHIVE_REFUSED: 'tell',
  TOO_LARGE: 'tell',
  LIMIT_EXCEEDED: 'tell',
  DAMAGED: 'tell',
  AGENT_LIED: 'tell',
  NO_SPACE: 'tell',
};

export function reactionTo(failure: RoseError): Reaction {
  return REACTIONS[failure.code];
}

/** Whether the deed may have been done all the same: the answer got lost, not the call. */
export function isUnsure(failure: RoseError): boolean {
  return ['UNREACHABLE', 'TIMEOUT', 'INTERNAL'].includes(failure.code);
}

/** Which input a failure without `issues` speaks of. */
const FIELD_OF: Partial<Record<ErrorCode, string[]>> = {
  WEAK_PASSWORD: ['password', 'next'],
  EMAIL_TAKEN: ['email'],
  NAME_TAKEN: ['name'],
};

/** The messages of a failure by the form's fields; empty when it speaks of none of them. */
export function fieldErrors(failure: RoseError, fields: readonly string[]): Record<string, string> {
  if (failure.code !== 'INVALID_INPUT') {
    const field = FIELD_OF[failure.code]?.find((name) => fields.includes(name));
    return field === undefined ? {} : { [field]: failure.message };
  }
  return errorsByField(failure.details['issues'] as { path: string; message: string }[], fields);
}

/** The first message for each field; the path of an issue starts with the field's name, or ends with it. */
export function errorsByField(
  issues: readonly { path: string; message: string }[],
  fields: readonly string[],
): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const { path, message } of issues) {
    const field = path.split('.').find((part) => fields.includes(part));
    if (field !== undefined) errors[field] ??= message;
  }
  return errors;
}
