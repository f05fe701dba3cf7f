/**
 * The one catalogue of failures. A code is what programs decide on, the message is for
 * people: what happened, to which thing, and what to do. Details are typed per code.
 */

/** HTTP status of each code, and with it the list of codes. */
export const ERROR_STATUS = {
  /** Input that breaks a rule; `issues` names each field. */
  INVALID_INPUT: 400,
  /** A weak or common password. */
  WEAK_PASSWORD: 400,
  /** A zip that is damaged, escapes, or is over a limit. Nothing was written. */
  ARCHIVE_REFUSED: 400,
  UNAUTHENTICATED: 401,
  /** Wrong e-mail or wrong password: never says which. */
  WRONG_CREDENTIALS: 401,
  /** Known and visible, but not allowed for this role. */
  FORBIDDEN: 403,
  SIGN_UP_CLOSED: 403,
  /** Not there, or not yours: the same answer. */
  NOT_FOUND: 404,
  TIMEOUT: 408,
  CONFLICT: 409,
  EMAIL_TAKEN: 409,
  NAME_TAKEN: 409,
  /** Another deed on the same project holds it; try again. */
  BUSY: 409,
  /** A file is not what the caller expected: another's change would be lost. */
  FILE_CHANGED: 409,
  /** The project cannot be used until somebody decides; the message says what. */
  NEEDS_ATTENTION: 409,
  TOO_LARGE: 413,
  /** A configured limit (files, bytes, depth, quota) is exceeded. */
  LIMIT_EXCEEDED: 422,
  TOO_MANY_REQUESTS: 429,
  CANCELLED: 499,
  INTERNAL: 500,
  /** Stored objects are missing or do not match their hash. */
  DAMAGED: 500,
  /** What a container sent breaks the rules of the store. */
  AGENT_LIED: 502,
  /** The agent cannot be reached or broke off. */
  AGENT_UNAVAILABLE: 502,
  /** The container could not be made, started or stopped. */
  CONTAINER_FAILED: 502,
  /** No engine, no image, no sandbox. */
  RUNTIME_UNAVAILABLE: 503,
  DATABASE_UNAVAILABLE: 503,
  STOPPING: 503,
  /** Said by the client alone: nothing at its URL answers as RoSE. */
  UNREACHABLE: 503,
  /** Not enough disk space; nothing was touched. */
  NO_SPACE: 507,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof ERROR_STATUS;

/** Details beside the message, for the codes that have any. */
export interface ErrorDetails {
  INVALID_INPUT: { issues: { path: string; message: string }[] };
  ARCHIVE_REFUSED: { path?: string };
  NOT_FOUND: { what: string };
  FILE_CHANGED: { path: string; expected: string | null; actual: string | null };
  LIMIT_EXCEEDED: { limit: string; value: number; allowed: number };
  TOO_MANY_REQUESTS: { retryAfterSeconds: number };
  DAMAGED: { version?: number; path?: string };
  NO_SPACE: { needed: number; available: number };
}

export type DetailsOf<C extends ErrorCode> = C extends keyof ErrorDetails ? ErrorDetails[C] : Record<string, never>;

/** What crosses a wire. */
export interface ErrorBody {
  code: ErrorCode;
  message: string;
  details: Record<string, unknown>;
}

/** The only error that services throw on purpose. */
export class RoseError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'RoseError';
  readonly code: C;
  readonly details: Record<string, unknown>;

  constructor(
    code: C,
    message: string,
    ...rest: C extends keyof ErrorDetails
      ? [details: ErrorDetails[C], options?: ErrorOptions]
      : [details?: Record<string, never>, options?: ErrorOptions]
  ) {
    super(message, rest[1]);
    this.code = code;
    this.details = rest[0] ?? {};
  }

  get status(): number {
    return ERROR_STATUS[this.code];
  }

  /** The form in which the error crosses a wire: no stack, no cause. */
  toBody(): ErrorBody {
    return { code: this.code, message: this.message, details: this.details };
  }
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERROR_STATUS, value);
}

/** Reads an error that crossed a wire; null when `value` is none. */
export function errorFromBody(value: unknown): RoseError | null {
  if (typeof value !== 'object' || value === null) return null;
  const { code, message, details } = value as Partial<ErrorBody>;
  if (!isErrorCode(code) || typeof message !== 'string') return null;
  const known = typeof details === 'object' && details !== null ? details : {};
  // The sender typed the details; here they are only data.
  const Received = RoseError as new (code: ErrorCode, message: string, details: object) => RoseError;
  return new Received(code, message, known);
}

/** "No project 7, or it is not yours." */
export function notFound(what: string): RoseError<'NOT_FOUND'> {
  return new RoseError('NOT_FOUND', `There is no ${what}, or it is not yours.`, { what });
}
