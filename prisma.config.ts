import { readdirSync } from 'node:fs';
import path from 'node:path';
import { defineConfig } from 'prisma/config';

// Prisma's CLI insists on a native schema engine that it downloads. Where the download
// is not possible, name a stand-in: `generate` and `validate` never run it, and our own
// scripts (migration:create, migration:check) drive the wasm build of the same engine.
const engines = path.join(import.meta.dirname, 'node_modules/@prisma/engines');
const hasNativeEngine = readdirSync(engines).some((name) => name.startsWith('schema-engine-'));
if (!hasNativeEngine) {
  process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= path.join(import.meta.dirname, 'scripts/no-schema-engine.sh');
}

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env['DATABASE_URL'] ?? '' },
});
