import type { Studio } from './zips.ts';

/** Entries with kind, mode, time to the nanosecond and target, then the sums of all files: what versions keep of a tree. */
const DESCRIBE = String.raw`
find . -mindepth 1 \( -type f -o -type d -o -type l \) -printf '%P %y %m %T@ -> %l\0' | sort -z
find . -type f -print0 | sort -z | xargs -0 -r sha256sum -z`;

/** A workspace as one text: equal texts, equal trees. */
export async function workspaceTree({ shell }: Pick<Studio, 'shell'>): Promise<string> {
  return await shell(DESCRIBE);
}
