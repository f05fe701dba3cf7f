import { RoseError } from '@rose/contract';

/** Prisma's codes for a server that is away, busy beyond its limits or too slow. */
const PRISMA_CODES = new Set([
  'P1000',
  'P1001',
  'P1002',
  'P1003',
  'P1008',
  'P1010',
  'P1011',
  'P1017',
  'P2024',
  'P2028',
  'P2037',
]);
/** What the driver adapter calls the same, where Prisma has no code for it (raw SQL). */
const ADAPTER_KINDS = new Set(['ConnectionClosed', 'DatabaseNotReachable', 'SocketTimeout', 'TooManyConnections']);
/**
 * SQLSTATEs of the same: connection failures (08), sign-in (28), no such database (3D), out of memory,
 * disk or connections (53), stopped or starting (57P), and a statement over its time limit (57014).
 */
const SQL_STATES = /^(08|28|3D|53|57P|57014|25P03)/;
const SOCKET_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
/** node-postgres gives these no code. */
const PG_MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client (has encountered a connection error|was closed) and is not queryable)/;
const POOL_ENDED = 'Cannot use a pool after calling end on the pool';
const UNIQUE_VIOLATION = '23505';

/** The parts of Prisma's, node-postgres's and Node's errors that tell what happened. */
interface Failure {
  code: string;
  message: string;
  sqlState: string;
  /** What the driver adapter makes of it. */
  kind: string;
  /** Name of the constraint or index that was violated. */
  constraint: string;
}

/**
 * The one place that knows how an outage of the database looks: it becomes DATABASE_UNAVAILABLE (or
 * STOPPING once the pool is closed). Every other error comes back as it is. Meant for errors that no
 * driver has translated, so that a refused connection can only be the database's.
 */
export function translateDatabaseError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof RoseError) return error;
  const { code, message, sqlState, kind } = describe(error);
  if (message === POOL_ENDED) return new RoseError('STOPPING', 'RoSE is stopping.', {}, { cause: error });
  const isOutage =
    PRISMA_CODES.has(code) ||
    ADAPTER_KINDS.has(kind) ||
    SOCKET_CODES.has(code) ||
    SQL_STATES.test(sqlState) ||
    PG_MESSAGES.test(message);
  if (!isOutage) return error;
  return new RoseError(
    'DATABASE_UNAVAILABLE',
    'The database is not available at the moment. Nothing was lost; try again shortly.',
    {},
    { cause: error },
  );
}

/**
 * Whether a write failed because a row with these values exists already. With `columns`: only the
 * unique index over exactly these columns (Prisma's naming, `Table_a_b_key`, partial indexes too).
 */
export function isUniqueViolation(error: unknown, ...columns: string[]): boolean {
  if (!(error instanceof Error)) return false;
  const { sqlState, constraint } = describe(error);
  if (sqlState !== UNIQUE_VIOLATION) return false;
  return columns.length === 0 || constraint.replace(/^[^_]+/, '') === `_${columns.join('_')}_key`;
}

function describe(error: Error): Failure {
  const { code, constraint, meta } = error as { code?: unknown; constraint?: unknown; meta?: Meta };
  const cause = meta?.driverAdapterError?.cause;
  return {
    code: text(code),
    message: error.message,
    sqlState: text(cause === undefined ? code : cause.originalCode),
    kind: text(cause?.kind),
    constraint: text(cause === undefined ? constraint : cause.constraint?.index),
  };
}

/** What Prisma hands on from its driver adapter. */
interface Meta {
  driverAdapterError?: { cause?: { kind?: unknown; originalCode?: unknown; constraint?: { index?: unknown } } };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
