import type { Consistency, SaveResult } from '@rose/contract';
import type { Cli } from '../cli.ts';
import { escapeName, escapeText } from './escape.ts';
import { saveJson } from './json.ts';
import { bytesText, countText } from './units.ts';

/** @param done "Saved" or "Imported as" */
export async function printSave(cli: Cli, result: SaveResult, done: string): Promise<void> {
  const { version, files, logicalBytes, storedBytes, durationMs } = result;
  const size = `${countText(files, 'file')}, ${bytesText(logicalBytes)}`;
  const cost = `${bytesText(storedBytes)} stored in ${(durationMs / 1000).toFixed(1)} s`;
  await cli.print(saveJson(result), `${done} version ${version}: ${size}; ${cost}.`);
  for (const path of result.mismatched) await cli.note(`had changed unnoticed: ${escapeName(path)}`);
  for (const line of consistencyLines(result)) await cli.note(line);
}

/** What a version does not hold as it was. */
export function consistencyLines({ changedDuringSave, skipped }: Consistency): string[] {
  return [
    ...changedDuringSave.map((path) => `changed while it was read: ${escapeName(path)}`),
    ...skipped.map(({ path, reason }) => `not saved: ${escapeName(path)} (${escapeText(reason)})`),
  ];
}
