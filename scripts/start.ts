import { spawnSync } from 'node:child_process';
import path from 'node:path';

/** `npm start`: builds what is missing or stale (turbo knows), then serves in this process. */

const root = path.resolve(import.meta.dirname, '..');
const turbo = path.join(root, 'node_modules/.bin/turbo');
const built = spawnSync(turbo, ['run', 'build', '--output-logs=errors-only'], {
  cwd: root,
  stdio: ['ignore', 2, 2],
  env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1' },
});
if (built.status !== 0) {
  process.stderr.write('The build failed; what it said stands above.\n');
  process.exit(built.status ?? 1);
}
const { main } = await import('../apps/orchestrator/src/main.ts');
await main();
