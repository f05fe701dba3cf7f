import type { BaseLogger } from 'pino';

/** The part of the orchestrator's logger that this room needs. */
export type Log = Pick<BaseLogger, 'info' | 'warn' | 'error'>;
