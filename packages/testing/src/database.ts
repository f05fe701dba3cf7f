import { randomUUID } from 'node:crypto';
import { connect, type Database } from '@rose/orchestrator/database';
import { inject } from 'vitest';
import { withAdmin } from './database-admin.ts';

/** The PostgreSQL of a test run (database-setup.ts), as the workers know it. */
export interface TestDatabaseServer {
  adminUrl: string;
  /** A migrated database that nobody connects to. */
  template: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    databaseServer: TestDatabaseServer;
  }
}

export interface TestDatabaseOptions {
  /** Without the migrations. */
  isEmpty?: boolean;
}

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * A fresh, migrated database of one's own: `await using database = await testDatabase()`. Disposing it
 * drops it, whoever is still connected.
 */
export async function testDatabase({ isEmpty = false }: TestDatabaseOptions = {}): Promise<Database> {
  const { adminUrl, template } = inject('databaseServer');
  const name = `${template}_${randomUUID().slice(0, 8)}`;
  await withAdmin(adminUrl, (admin) =>
    admin.query(`CREATE DATABASE "${name}" TEMPLATE "${isEmpty ? 'template0' : template}"`),
  );
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  const database = connect(url.href, silent);
  return {
    ...database,
    [Symbol.asyncDispose]: async () => {
      await database[Symbol.asyncDispose]();
      await withAdmin(adminUrl, (admin) => admin.query(`DROP DATABASE "${name}" WITH (FORCE)`));
    },
  };
}
