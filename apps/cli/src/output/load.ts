import type { LoadPlan, LoadResult } from '@rose/contract';
import type { Cli } from '../cli.ts';
import { escapeName } from './escape.ts';
import { loadJson, planJson } from './json.ts';
import { bytesText } from './units.ts';

export async function printLoad(cli: Cli, result: LoadResult): Promise<void> {
  const { version, checkpoint, written, removed, kept, bytes } = result;
  const done = `Loaded version ${version}: ${countsText({ written, removed, kept })} (${bytesText(bytes)}).`;
  const before =
    checkpoint === null ? '' : `\nWhat was not saved is kept as version ${checkpoint}; "rose undo" brings it back.`;
  await cli.print(loadJson(result), done + before);
  await noteConflicts(cli, result.conflicts);
}

export async function printPlan(cli: Cli, plan: LoadPlan): Promise<void> {
  const { version, bytes, paths } = plan;
  const title = `Loading version ${version} would mean: ${countsText(plan)} (${bytesText(bytes)}).`;
  const lines = paths.map(({ path, action }) => `  ${action.padEnd(6)} ${escapeName(path)}`);
  await cli.print(planJson(plan), [title, ...lines].join('\n'));
  await noteConflicts(cli, plan.conflicts);
}

function countsText({ written, removed, kept }: { written: number; removed: number; kept: number }): string {
  const number = (count: number): string => count.toLocaleString('en');
  return `${number(written)} written, ${number(removed)} removed, ${number(kept)} kept`;
}

async function noteConflicts(cli: Cli, conflicts: string[]): Promise<void> {
  for (const path of conflicts) await cli.note(`conflict, left as it is: ${escapeName(path)}`);
}
