import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { MIGRATIONS } from '@rose/orchestrator/database';
import { diffToSchema, listMigrations, openEngine } from './lib/schema-engine.ts';
import { scratchPostgres } from './lib/scratch-postgres.ts';

/**
 * npm run migration:create NAME [-- --empty]: writes the SQL between the migrations and
 * prisma/schema.prisma as a new migration, to be read and completed by hand before it is committed.
 */

const { values, positionals } = parseArgs({ options: { empty: { type: 'boolean' } }, allowPositionals: true });
const [name] = positionals;
if (positionals.length !== 1 || name === undefined || !/^[a-z0-9_]{1,100}$/.test(name)) {
  console.error('Usage: npm run migration:create NAME [-- --empty]    (NAME: lower-case letters, digits and _)');
  process.exit(2);
}
process.exitCode = await create(name, values.empty === true);

async function create(title: string, mayBeEmpty: boolean): Promise<number> {
  await using scratch = await scratchPostgres();
  using engine = await openEngine(scratch.url);
  const sql = await diffToSchema(engine, listMigrations(MIGRATIONS));
  if (sql === '' && !mayBeEmpty) {
    console.error('The migrations and prisma/schema.prisma agree. For SQL by hand add: -- --empty');
    return 1;
  }
  const stamp = new Date().toISOString().replaceAll(/\D/g, '').slice(0, 14);
  const file = path.join(MIGRATIONS, `${stamp}_${title}`, 'migration.sql');
  mkdirSync(path.dirname(file));
  writeFileSync(file, sql === '' ? '-- By hand.\n' : sql);
  console.log(path.relative(process.cwd(), file));
  console.error('Read and complete it, then run: npx prisma generate');
  return 0;
}
