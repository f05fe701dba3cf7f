import { RoseError } from '@rose/contract/errors';
import type { PushedTree, SkippedPath } from '@rose/contract';
import type { Cli } from '../cli.ts';
import { escapeName, escapeText } from './escape.ts';
import { bytesText, countText } from './units.ts';

/**
 * The result of a push or pull.
 * @throws RoseError when something could not be read: the copy is not what was asked for
 */
export async function printTransfer(cli: Cli, tree: PushedTree, done: string): Promise<void> {
  const { files, bytes, skipped } = tree;
  await cli.print({ files, bytes, skipped }, `${done}: ${countText(files, 'file')}, ${bytesText(bytes)}.`);
  for (const { path, reason } of skipped) await cli.note(`not copied: ${escapeName(path)} (${escapeText(reason)})`);
  const unreadable = skipped.filter(isUnreadable);
  if (unreadable.length === 0) return;
  const named = unreadable
    .slice(0, 3)
    .map(({ path }) => escapeName(path))
    .join(', ');
  const text = `${countText(unreadable.length, 'entry', 'entries')} could not be read and ${unreadable.length === 1 ? 'was' : 'were'} not copied: ${named}`;
  throw new RoseError('FORBIDDEN', unreadable.length > 3 ? `${text}, …` : `${text}.`);
}

/** Sockets, FIFOs and devices are no part of a tree; leaving them out is no failure. */
function isUnreadable({ reason }: SkippedPath): boolean {
  return reason.startsWith('unreadable');
}
