import type { LineHit, NameHit, SearchHits, SearchMode, SearchPiece, SearchSummary } from '@rose/contract';
import { misuse } from '../arguments.ts';
import type { Cli } from '../cli.ts';
import { defineCommand } from '../command.ts';
import { escapeName, escapeText } from '../output/escape.ts';
import { countText } from '../output/units.ts';
import { findProject, parseVersionReference } from '../reference.ts';

const usage = 'grep P[@VERSION] PATTERN [-i] [-F] [--include GLOB]… [--exclude GLOB]… [--names] [--max N]';
const MOST_HITS = 100_000;

export const command = defineCommand({
  usage,
  summary: 'Search the lines of files, or names, in the live workspace or in a version.',
  details:
    'PATTERN is a JavaScript regular expression; -F takes it as plain text, -i ignores case. --names searches the names\n' +
    'of files, directories and links. A GLOB, or with --names a PATTERN, that has a / is about the whole path, another\n' +
    'about the last name. At most 1,000 hits are shown unless --max says otherwise. Binary files and those over 16 MiB\n' +
    'are left out. With --json: {"hits":[{"path","line","column","length","text","offset"}],"summary":{"files","hits",\n' +
    '"skipped":{"binary","large","unreadable"},"truncated","timedOut"}}; a hit of --names is {"path","kind"}.',
  positionals: ['P', 'PATTERN'],
  options: {
    'ignore-case': { type: 'boolean', short: 'i' },
    'fixed-strings': { type: 'boolean', short: 'F' },
    include: { type: 'string', multiple: true },
    exclude: { type: 'string', multiple: true },
    names: { type: 'boolean' },
    max: { type: 'string' },
  },
  async run(cli, { values, positionals }) {
    const [reference, pattern] = positionals as [string, string];
    const { project, version } = parseVersionReference(reference);
    const order = {
      pattern,
      literal: values['fixed-strings'],
      ignoreCase: values['ignore-case'],
      include: values.include,
      exclude: values.exclude,
      maxHits: values.max === undefined ? undefined : parseMax(values.max),
    };
    const projectId = await findProject(cli, project);
    const search =
      version === undefined
        ? bothOf(cli.rose.workspace(projectId).search, order)
        : bothOf(cli.rose.search, { projectId, version, ...order });
    if (values.names) await show(cli, await search.names(cli.options), nameText);
    else await show(cli, await search.content(cli.options), lineText);
  },
});

type Pieces<M extends SearchMode> = AsyncIterable<SearchPiece<M>>;
interface Query<I, M extends SearchMode> {
  query(input: I, options: Cli['options']): Promise<Pieces<M>>;
}

/** The same order for either search. */
function bothOf<I>(search: { content: Query<I, 'content'>; names: Query<I, 'names'> }, order: I) {
  return {
    content: (options: Cli['options']) => search.content.query(order, options),
    names: (options: Cli['options']) => search.names.query(order, options),
  };
}

/** Hits as they come, or as JSON all together. */
async function show<M extends SearchMode>(
  cli: Cli,
  pieces: Pieces<M>,
  textOf: (hit: SearchHits[M]) => string,
): Promise<void> {
  const hits: unknown[] = [];
  for await (const piece of pieces) {
    if ('summary' in piece) {
      await cli.print({ hits, summary: piece.summary }, '');
      await noteGaps(cli, piece.summary);
    } else if (cli.json) hits.push(...piece.hits);
    else await cli.write(piece.hits.map((hit) => `${textOf(hit)}\n`).join(''));
  }
}

function lineText({ path, line, text }: LineHit): string {
  return `${escapeName(path)}:${line}:${escapeText(text)}`;
}

function nameText({ path, kind }: NameHit): string {
  return `${escapeName(path)}${kind === 'directory' ? '/' : ''}`;
}

/** Where there may be hits that nobody has seen. Binary files are no surprise. */
async function noteGaps(cli: Cli, { hits, skipped, truncated, timedOut }: SearchSummary): Promise<void> {
  const { large, unreadable } = skipped;
  if (truncated) await cli.note(`There are more than ${countText(hits, 'hit')}; --max N shows more.`);
  if (timedOut) await cli.note('The search took too long and was ended: there may be more.');
  if (large > 0) await cli.note(`${countText(large, 'file')} over 16 MiB left out.`);
  if (unreadable > 0) await cli.note(`${countText(unreadable, 'entry', 'entries')} could not be read.`);
}

function parseMax(text: string): number {
  const max = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (max < 1 || max > MOST_HITS) throw misuse({ usage }, `--max is a number from 1 to ${MOST_HITS}, not "${text}"`);
  return max;
}
