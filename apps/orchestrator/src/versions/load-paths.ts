import { notFound, RoseError } from '@rose/contract';
import { fromText, joinRaw, toText, type ObjectId, type Raw } from '@rose/snapshot';
import { globMatcher, isGlob } from '@rose/snapshot/search';
import { findEntry } from './find-entry.ts';
import { PathSet } from './path-set.ts';
import type { TreeSource } from './trees.ts';

/** What a load of single paths is about. */
export interface LoadPaths {
  /** In the version that is loaded. */
  paths: readonly Raw[];
  /** Tells whether the globs mean a path of the live workspace too. */
  globs: readonly string[];
}

const MAX_PATHS = 100_000;
/** Directories read at once. */
const BATCH = 1000;

/**
 * Finds what paths and globs mean in a version. A path that the version has means itself, whatever characters it holds.
 * @throws RoseError NOT_FOUND when it has none of that name, or none that a glob matches; LIMIT_EXCEEDED
 */
export async function findPaths(
  trees: TreeSource,
  { root, number }: { root: ObjectId; number: number },
  wanted: readonly string[],
): Promise<LoadPaths> {
  const paths: Raw[] = [];
  const globs: string[] = [];
  for (const text of wanted) {
    const raw = fromText(text);
    if (raw === '' || (await findEntry(trees, root, raw)) !== null) paths.push(raw);
    else if (isGlob(text)) globs.push(text);
    else throw notFound(`"${text}" in version ${number}`);
  }
  for (const glob of globs) {
    const found = await matching(trees, root, [glob]);
    if (found.length === 0) throw notFound(`path that matches "${glob}" in version ${number}`);
    paths.push(...found);
    requireBound(paths);
  }
  return { paths, globs };
}

/** The same paths, and those of the live workspace that the globs match: what the version does not have is removed. */
export async function withLive(
  { paths, globs }: LoadPaths,
  trees: TreeSource,
  live: ObjectId | null,
): Promise<readonly Raw[]> {
  if (globs.length === 0 || live === null) return paths;
  const known = new PathSet(paths);
  const all = [...paths, ...(await matching(trees, live, globs)).filter((path) => !known.holds(path))];
  requireBound(all);
  return all;
}

/** Paths that some glob matches; below a directory that does none is looked for. */
async function matching(trees: TreeSource, root: ObjectId, globs: readonly string[]): Promise<Raw[]> {
  const matchers = globs.map(globMatcher);
  const found: Raw[] = [];
  const pending: { path: Raw; tree: ObjectId }[] = [{ path: '' as Raw, tree: root }];
  while (pending.length > 0) {
    const batch = pending.splice(-BATCH);
    await trees.prefetch(batch.map(({ tree }) => tree));
    for (const { path, tree } of batch) {
      for (const entry of await trees.tree(tree)) {
        const at = joinRaw(path, entry.name);
        if (matchers.some((matches) => matches(toText(at)))) found.push(at);
        else if (entry.kind === 'directory') pending.push({ path: at, tree: entry.tree });
      }
    }
  }
  return found;
}

function requireBound({ length: value }: readonly Raw[]): void {
  if (value <= MAX_PATHS) return;
  const message = `More than ${MAX_PATHS} paths match. Name a directory, or load the whole version.`;
  throw new RoseError('LIMIT_EXCEEDED', message, { limit: 'paths', value, allowed: MAX_PATHS });
}
