import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import * as glue from '@prisma/schema-engine-wasm/schema_engine_bg';
import type { DiffTarget, MigrationList, SchemaEngine } from '@prisma/schema-engine-wasm/schema_engine_bg';
import { engineAdapter } from './engine-adapter.ts';

/**
 * Prisma's schema engine as WebAssembly. The stock CLI has it only as a native binary that it
 * downloads; the package is the same commit of the same source.
 */
const WASM = '@prisma/schema-engine-wasm/schema_engine_bg';
export const REPOSITORY = path.join(import.meta.dirname, '../..');
const SCHEMA = path.join(REPOSITORY, 'prisma/schema.prisma');
const NO_FILTER = { externalTables: [], externalEnums: [] };

let isLoaded = false;

/** @param url a database whose role may create others: the migrations are tried on throwaway ones. */
export function openEngine(url: string): Promise<SchemaEngine> {
  if (!isLoaded) {
    const file = createRequire(import.meta.url)
      .resolve(WASM)
      .replace(/\.js$/, '.wasm');
    const module = new WebAssembly.Module(readFileSync(file));
    const { exports } = new WebAssembly.Instance(module, { './schema_engine_bg.js': glue });
    const { __wbg_set_wasm: use } = glue as unknown as { __wbg_set_wasm: (wasm: WebAssembly.Exports) => void };
    use(exports);
    (exports['__wbindgen_start'] as () => void)();
    isLoaded = true;
  }
  const adapter = bindMigrationAwareSqlAdapterFactory(engineAdapter(url));
  return glue.SchemaEngine.new({ datamodels: [readSchema()] }, () => undefined, adapter);
}

/**
 * The SQL that leads from the migrations to prisma/schema.prisma; empty when they agree. Checks,
 * triggers, partial indexes and storage are outside of Prisma's language and never part of it.
 */
export async function diffToSchema(engine: SchemaEngine, migrations: MigrationList): Promise<string> {
  const to: DiffTarget = { tag: 'schemaDatamodel', files: [{ path: SCHEMA, content: readSchema()[1] }] };
  const from: DiffTarget = { tag: 'migrations', ...migrations };
  const params = { from, to, filters: NO_FILTER, shadowDatabaseUrl: null };
  const { exitCode } = await engine.diff({ ...params, script: false, exitCode: true });
  if (exitCode === 0) return '';
  const { stdout } = await engine.diff({ ...params, script: true, exitCode: null });
  return stdout ?? '';
}

/** Reads a migrations directory in the form that the engine takes. */
export function listMigrations(directory: string): MigrationList {
  const names = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return {
    baseDir: directory,
    lockfile: {
      path: 'migration_lock.toml',
      content: readFileSync(path.join(directory, 'migration_lock.toml'), 'utf8'),
    },
    shadowDbInitScript: '',
    migrationDirectories: names
      .map(({ name }) => name)
      .toSorted()
      .map((name) => ({ path: name, migrationFile: { path: 'migration.sql', content: readSql(directory, name) } })),
  };
}

function readSql(directory: string, name: string): { tag: 'ok'; value: string } {
  return { tag: 'ok', value: readFileSync(path.join(directory, name, 'migration.sql'), 'utf8') };
}

function readSchema(): [string, string] {
  return [SCHEMA, readFileSync(SCHEMA, 'utf8')];
}
