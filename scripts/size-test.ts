import { House } from './kill/house.ts';
import { measureSize } from './store/size.ts';

/**
 * `node scripts/size-test.ts [FILES]`: a version of so many files (default 100,000) in many directories, and as many in one,
 * is listed, compared, searched, planned, exported and verified, page by page, while the orchestrator's memory is watched.
 * Ends with 0 and one line.
 */

const [files = 100_000] = process.argv.slice(2).map(Number);
/** As in design §11. */
const MOST_MB = 400;

await using house = await House.build();
try {
  const { peaks, atRest } = await measureSize(house, files);
  const told = Object.entries(peaks).map(([what, mb]) => `${what} ${mb.toFixed(0)}`);
  process.stdout.write(
    `2 x ${files} files: peak memory of the orchestrator in MB: at rest ${atRest.toFixed(0)}, ${told.join(', ')}.\n`,
  );
  const highest = Math.max(...Object.values(peaks));
  if (highest > MOST_MB) throw new Error(`${highest.toFixed(0)} MB are more than ${MOST_MB}.`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
