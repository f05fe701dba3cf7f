import { cpSync, mkdirSync, mkdtempDisposableSync, writeFileSync, appendFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { testDatabase } from '@rose/testing/database';
import { diffToSchema, listMigrations, openEngine } from '../../../../../scripts/lib/schema-engine.ts';
import { applyMigrations, MIGRATIONS } from './migrate.ts';

const NO_FILTER = { externalTables: [], externalEnums: [] };

/** A copy of the real migrations that a test may change. */
function copyOfMigrations() {
  const directory = mkdtempDisposableSync(path.join(tmpdir(), 'rose-migrations-'));
  cpSync(MIGRATIONS, directory.path, { recursive: true });
  return directory;
}

function addMigration(directory: string, name: string, sql: string): void {
  mkdirSync(path.join(directory, name));
  writeFileSync(path.join(directory, name, 'migration.sql'), sql);
}

test('migrations are applied once', async () => {
  await using database = await testDatabase({ isEmpty: true });
  const applied = await applyMigrations(database.url);
  expect(applied[0]).toMatch(/^\d{14}_init$/);
  expect(await applyMigrations(database.url)).toEqual([]);
});

test('of two that migrate at once, one does it and the other waits', async () => {
  await using database = await testDatabase({ isEmpty: true });
  const [first, second] = await Promise.all([applyMigrations(database.url), applyMigrations(database.url)]);
  expect([first, second].filter((applied) => applied.length > 0)).toHaveLength(1);
});

test('a start that is cancelled does not wait for another that migrates', async () => {
  await using database = await testDatabase({ isEmpty: true });
  const other = await database.pool.connect();
  await other.query('SELECT pg_advisory_lock(72707369)');
  const cancel = new AbortController();
  const waiting = applyMigrations(database.url, MIGRATIONS, cancel.signal).catch((error: unknown) => error);
  const queued = `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 72707369 AND NOT granted`;
  await expect.poll(async () => (await other.query(queued)).rowCount).toBe(1);
  cancel.abort();
  expect(await waiting).toMatchObject({ name: 'AbortError' });
  other.release(true);
});

test("Prisma's own engine finds the history in order and nothing to add", async () => {
  await using database = await testDatabase();
  using engine = await openEngine(database.url);
  const migrationsList = listMigrations(MIGRATIONS);
  const params = { migrationsList, optInToShadowDatabase: true, filters: NO_FILTER };
  expect(await engine.diagnoseMigrationHistory(params)).toEqual({
    editedMigrationNames: [],
    failedMigrationNames: [],
    hasMigrationsTable: true,
    history: null,
  });
  expect(await engine.devDiagnostic(params)).toEqual({ action: { tag: 'createMigration' } });
  expect(await diffToSchema(engine, migrationsList)).toBe('');
});

test('a column that only a migration has is found by the check', async () => {
  await using database = await testDatabase();
  using directory = copyOfMigrations();
  addMigration(directory.path, '29990101000000_nickname', 'ALTER TABLE "User" ADD "nickname" TEXT;');
  using engine = await openEngine(database.url);
  expect(await diffToSchema(engine, listMigrations(directory.path))).toContain('DROP COLUMN "nickname"');
});

test('a function body full of semicolons is applied whole', async () => {
  await using database = await testDatabase();
  using directory = copyOfMigrations();
  const body = `CREATE FUNCTION one() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; RETURN 1; END $$;`;
  addMigration(directory.path, '29990101000000_one', body);
  expect(await applyMigrations(database.url, directory.path)).toEqual(['29990101000000_one']);
  using engine = await openEngine(database.url);
  expect(await diffToSchema(engine, listMigrations(directory.path))).toBe('');
});

test('a migration that was edited after it was applied is reported by name', async () => {
  await using database = await testDatabase();
  using directory = copyOfMigrations();
  const [init = ''] = listMigrations(directory.path).migrationDirectories.map((migration) => migration.path);
  appendFileSync(path.join(directory.path, init, 'migration.sql'), '-- one more thought\n');
  await expect(applyMigrations(database.url, directory.path)).rejects.toThrow(
    `${init} was edited after it was applied`,
  );
});

test('a database that a newer RoSE migrated is refused', async () => {
  await using database = await testDatabase();
  using directory = copyOfMigrations();
  addMigration(directory.path, '29990101000000_later', 'CREATE TABLE later ();');
  await applyMigrations(database.url, directory.path);
  await expect(applyMigrations(database.url)).rejects.toThrow('29990101000000_later, which this RoSE does not know');
});

test('a migration that fails changes nothing and is tried again at the next start', async () => {
  await using database = await testDatabase();
  using directory = copyOfMigrations();
  const name = '29990101000000_ratio';
  addMigration(directory.path, name, 'CREATE TABLE ratio (); SELECT 1 / 0;');
  await expect(applyMigrations(database.url, directory.path)).rejects.toThrow(
    `${name} failed and changed nothing: division by zero`,
  );
  rmSync(path.join(directory.path, name), { recursive: true });
  addMigration(directory.path, name, 'CREATE TABLE ratio ();');
  expect(await applyMigrations(database.url, directory.path)).toEqual([name]);
});

test('a migration that another tool left half done is reported with the way out', async () => {
  await using database = await testDatabase();
  await database.pool.query(
    `INSERT INTO "_prisma_migrations" (id, checksum, migration_name) VALUES ('1', '', '29990101000000_half')`,
  );
  await expect(applyMigrations(database.url)).rejects.toThrow('resolve --rolled-back 29990101000000_half');
});
