export type { Database, Transaction } from './database.ts';
export { lockDirectory } from './directory-lock.ts';
export { endServers, startEmbeddedPostgres, type EmbeddedPostgres } from './embedded/embedded-postgres.ts';
export { isUniqueViolation, translateDatabaseError } from './errors.ts';
export { holdInstallationLock } from './installation-lock.ts';
export { ensureInstallation, type Installation } from './installation.ts';
export { applyMigrations, MIGRATIONS } from './migrate.ts';
export { connect, openDatabase, type OpenDatabaseOptions } from './open-database.ts';
