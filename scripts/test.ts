import { parseCLI, startVitest } from 'vitest/node';
import { buildMissing } from './lib/build.ts';

/**
 * `npm test [-- ARGUMENTS OF VITEST]`: builds what tests use, then runs all that this machine can run
 * and says at the end what it skipped and why (lib/skip-reporter.ts). With CI set, a skip is a failure.
 */

await buildMissing();
const { filter, options } = parseCLI(['vitest', 'run', ...process.argv.slice(2)]);
const vitest = await startVitest(filter, options);
await vitest?.exit();
