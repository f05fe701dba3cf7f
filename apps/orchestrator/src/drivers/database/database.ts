import type { Pool } from 'pg';
import type { Prisma, PrismaClient } from './generated/client.ts';

/** What repositories do together, as a whole or not at all. */
export type Transaction = Prisma.TransactionClient;

/**
 * A PostgreSQL that is up, migrated and reachable two ways: Prisma for all metadata, and a
 * plain pool for what Prisma cannot do (binary COPY, advisory locks held over many statements).
 */
export interface Database extends AsyncDisposable {
  readonly prisma: PrismaClient;
  readonly pool: Pool;
  readonly url: string;
}
