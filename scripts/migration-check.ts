import { MIGRATIONS } from '@rose/orchestrator/database';
import { diffToSchema, listMigrations, openEngine } from './lib/schema-engine.ts';
import { scratchPostgres } from './lib/scratch-postgres.ts';

/** npm run migration:check: fails when the migrations do not lead to prisma/schema.prisma. */

process.exitCode = await check();

async function check(): Promise<number> {
  await using scratch = await scratchPostgres();
  using engine = await openEngine(scratch.url);
  const sql = await diffToSchema(engine, listMigrations(MIGRATIONS));
  if (sql === '') {
    console.log('The migrations and prisma/schema.prisma agree.');
    return 0;
  }
  console.error(`The migrations lack this to reach prisma/schema.prisma. Run: npm run migration:create NAME\n\n${sql}`);
  return 1;
}
