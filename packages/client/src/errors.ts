import { errorFromBody, RoseError } from '@rose/contract/errors';

/** Why a connection could not be made, for people. */
const REASONS: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name of the host cannot be looked up',
  ETIMEDOUT: 'it did not answer in time',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no way to that network',
};

/** Any failure of a call as a RoseError. */
export function asRoseError(error: unknown, url: string): RoseError {
  const known = knownError(error);
  if (known !== null) return known;
  if (isAbort(error)) return cancelled(error);
  const status = statusOf(error);
  if (status !== undefined) return notRose(url, status, { cause: error });
  const cause = causeOf(error);
  return cause === undefined ? unreachable(error, url) : asRoseError(cause, url);
}

/** The error that the server told, in whichever envelope. */
function knownError(error: unknown): RoseError | null {
  if (error instanceof RoseError) return error;
  if (typeof error !== 'object' || error === null) return null;
  const { data, meta } = error as { data?: { rose?: unknown }; meta?: { responseJSON?: unknown } };
  // What was refused before it came to the router is no answer of tRPC's form.
  return errorFromBody(data?.rose) ?? errorFromAnswer(meta?.responseJSON);
}

/** The error in the JSON of a failed plain call: `ErrorBody`, alone or under `error`. */
export function errorFromAnswer(answer: unknown): RoseError | null {
  if (typeof answer !== 'object' || answer === null) return null;
  return errorFromBody(answer) ?? errorFromBody((answer as { error?: unknown }).error);
}

export function notRose(url: string, status: number, options?: ErrorOptions): RoseError {
  const message = `${url} answers (HTTP ${status}), but not as RoSE does. Is this the address that RoSE printed at its start?`;
  return new RoseError('UNREACHABLE', message, {}, options);
}

/** A connection that ended in the middle of an answer; the caller himself may have ended it. */
export function brokenOff(url: string, cause: unknown, signal?: AbortSignal): RoseError {
  if (cause instanceof RoseError) return cause;
  if (signal?.aborted || isAbort(cause)) return cancelled(cause);
  return new RoseError('UNREACHABLE', `The connection to RoSE at ${url} broke off.`, {}, { cause });
}

function unreachable(error: unknown, url: string): RoseError {
  const code = codeOf(error);
  if (code === 'ECONNRESET' || code === 'EPIPE') return brokenOff(url, error);
  const reason = REASONS[code] ?? (error instanceof Error ? error.message : String(error));
  const message = `RoSE cannot be reached at ${url}: ${reason}. Is it running? Start it with "npm start".`;
  return new RoseError('UNREACHABLE', message, {}, { cause: error });
}

function cancelled(cause: unknown): RoseError {
  return new RoseError('CANCELLED', 'Cancelled.', {}, { cause });
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** Of an answer that tRPC got but could not read. */
function statusOf(error: unknown): number | undefined {
  return (error as { meta?: { response?: { status?: number } } } | null)?.meta?.response?.status;
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

/** Node tries every address of a name and reports them together. */
function codeOf(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const code = (first as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}
