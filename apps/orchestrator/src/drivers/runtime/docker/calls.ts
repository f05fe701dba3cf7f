import { RoseError } from '@rose/contract';

/** What dockerode rejects with: an answer has a status, a failed connection a code. */
interface EngineFailure {
  statusCode?: number;
  code?: string;
  message?: string;
  json?: { message?: string } | null;
}

/**
 * Makes one call to the engine, with a deadline, and translates its failure.
 *
 * The caller says which answers are its success (304: it is so already; 404: it is gone): dockerode
 * throws them too, and its reasons mislead ("no such container" also for a missing image), so only
 * the call and the status decide.
 *
 * @param deed what was tried, as in "The container engine could not …"
 * @param deadlineMs after which the engine counts as hung
 * @throws RoseError CANCELLED when `signal` aborted, RUNTIME_UNAVAILABLE when no engine answers,
 * NO_SPACE, else CONTAINER_FAILED. The engine's own words, which may name host paths, are only its cause.
 */
export async function callEngine<T>(
  deed: string,
  deadlineMs: number,
  call: (signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const deadline = AbortSignal.timeout(deadlineMs);
  try {
    signal?.throwIfAborted();
    const stop = signal === undefined ? deadline : AbortSignal.any([deadline, signal]);
    // Not every call of dockerode takes a signal; the deadline holds all the same.
    return await Promise.race([call(stop), aborted(stop)]);
  } catch (error) {
    if (error instanceof RoseError) throw error;
    if (signal?.aborted) throw new RoseError('CANCELLED', `Cancelled: ${deed}.`, {}, { cause: error });
    if (deadline.aborted) {
      const seconds = Math.round(deadlineMs / 1000);
      const message = `The container engine did not ${deed} within ${seconds} s.`;
      throw new RoseError('CONTAINER_FAILED', message, {}, { cause: error });
    }
    throw translate(deed, error);
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => reject(new Error('Gave up waiting.')), { once: true });
  return promise;
}

/** The status of an engine's answer, undefined when there was none. */
export function statusOf(error: unknown): number | undefined {
  const failure = error instanceof RoseError ? error.cause : error;
  return (failure as EngineFailure | null | undefined)?.statusCode;
}

const UNREACHABLE = new Set(['ENOENT', 'ECONNREFUSED', 'EACCES', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH']);

function translate(deed: string, error: unknown): RoseError {
  const failure = error as EngineFailure;
  if (failure.statusCode === undefined && failure.code !== undefined && UNREACHABLE.has(failure.code)) {
    const hint = failure.code === 'EACCES' ? 'this user may not use its socket' : 'it does not answer';
    const message = `The container engine could not ${deed}: ${hint} (${failure.code}).`;
    return new RoseError('RUNTIME_UNAVAILABLE', message, {}, { cause: error });
  }
  // The kernel's words: the engine has no status of its own for a full disk.
  if (/no space left on device/i.test(failure.json?.message ?? failure.message ?? '')) {
    const message = `The container engine could not ${deed}: its disk is full.`;
    return new RoseError('NO_SPACE', message, { needed: 0, available: 0 }, { cause: error });
  }
  const status = failure.statusCode === undefined ? '' : ` (status ${failure.statusCode})`;
  return new RoseError('CONTAINER_FAILED', `The container engine could not ${deed}${status}.`, {}, { cause: error });
}
