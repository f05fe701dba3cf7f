import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

export const ROOT = path.resolve(import.meta.dirname, '../..');

/**
 * Builds the agent and the web UI, as far as they are missing or stale (turbo knows). A build that fails
 * ends this process, as SIGTERM and Ctrl-C do, the build with it.
 */
export async function buildMissing(): Promise<void> {
  const build = spawn(path.join(ROOT, 'node_modules/.bin/turbo'), ['run', 'build', '--output-logs=errors-only'], {
    cwd: ROOT,
    // Stdout belongs to the caller's own lines.
    stdio: ['ignore', 2, 2],
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1' },
  });
  const cancel = (): unknown => build.kill('SIGTERM');
  process.on('SIGTERM', cancel).on('SIGINT', cancel);
  try {
    const [code] = (await once(build, 'exit')) as [number | null];
    if (code === 0) return;
    process.stderr.write('RoSE is not built; what the build said stands above.\n');
    process.exit(code ?? 1);
  } finally {
    process.off('SIGTERM', cancel).off('SIGINT', cancel);
  }
}
