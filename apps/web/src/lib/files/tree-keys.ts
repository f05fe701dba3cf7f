import type { Folder } from './folder.svelte.ts';
import type { Row } from './tree.svelte.ts';

type EntryRow = Extract<Row, { kind: 'entry' }>;

interface KeyDeed {
  focus?: EntryRow;
  activate?: EntryRow;
  toggle?: Folder;
}

/**
 * What a key means in a tree (the WAI-ARIA pattern); null for keys that mean nothing there.
 * @param at place of the focused row among `rows`
 */
export function treeKeys(event: KeyboardEvent, rows: readonly EntryRow[], at: number): KeyDeed | null {
  if (event.altKey || event.ctrlKey || event.metaKey) return null;
  const row = rows[at];
  if (row === undefined) return null;
  switch (event.key) {
    case 'ArrowDown':
      return { focus: rows[at + 1] };
    case 'ArrowUp':
      return { focus: rows[at - 1] };
    case 'Home':
      return { focus: rows[0] };
    case 'End':
      return { focus: rows.at(-1) };
    case 'ArrowRight':
      if (row.folder === null) return {};
      return row.folder.isOpen ? { focus: below(rows, at) } : { toggle: row.folder };
    case 'ArrowLeft':
      return row.folder?.isOpen ? { toggle: row.folder } : { focus: above(rows, at) };
    case 'Enter':
    case ' ':
      return { activate: row };
    default:
      return null;
  }
}

/** The first row in the directory of this row. */
function below(rows: readonly EntryRow[], at: number): EntryRow | undefined {
  const next = rows[at + 1];
  return next !== undefined && next.level > (rows[at]?.level ?? 0) ? next : undefined;
}

/** The row of the directory that this row is in. */
function above(rows: readonly EntryRow[], at: number): EntryRow | undefined {
  return rows.slice(0, at).findLast(({ level }) => level < (rows[at]?.level ?? 0));
}
