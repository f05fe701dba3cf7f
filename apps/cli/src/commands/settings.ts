import { RoseError } from '@rose/contract/errors';
import { misuse } from '../arguments.ts';
import type { Cli } from '../cli.ts';
import { defineCommand } from '../command.ts';
import { escapeText } from '../output/escape.ts';
import { table } from '../output/table.ts';
import { findProject } from '../reference.ts';
import { projectSettings, userSettings, type View } from '../settings.ts';

const usage = 'settings [P] get [KEY] | set KEY VALUE | reset KEY';

/** How many words follow each verb. */
const VERBS: Record<string, { least: number; most: number }> = {
  get: { least: 0, most: 1 },
  set: { least: 2, most: 2 },
  reset: { least: 1, most: 1 },
};

export const command = defineCommand({
  usage,
  summary: 'Show or change settings: your own, or those of a project.',
  details:
    'VALUE is JSON if it parses, else a string. A value of a project overrides that of its owner, which overrides\n' +
    'that of the installation; reset takes a value back to where it would come from.',
  positionals: ['get, set or reset', '[P]', '[KEY]', '[VALUE]'],
  async run(cli, { positionals }) {
    const { project, verb, rest } = splitWords(positionals);
    const settings = project === null ? userSettings(cli) : projectSettings(cli, await findProject(cli, project));
    const [key, value = ''] = rest;
    if (key === undefined) return printAll(cli, await settings.get());
    if (verb === 'set') return printOne(cli, await settings.set(key, parseValue(value)), key);
    return printOne(cli, verb === 'reset' ? await settings.reset(key) : await settings.get(), key);
  },
});

/** The first word is a project unless it is a verb; no key is called like a verb. */
function splitWords(words: string[]): { project: string | null; verb: string; rest: string[] } {
  const hasProject = !isVerb(words[0]) || isVerb(words[1]);
  const [verb, ...rest] = hasProject ? words.slice(1) : words;
  if (verb === undefined || !isVerb(verb)) throw misuse({ usage }, 'get, set or reset is missing');
  const { least, most } = VERBS[verb]!;
  if (rest.length < least) throw misuse({ usage }, `${rest.length === 0 ? 'KEY' : 'VALUE'} is missing`);
  if (rest.length > most) throw misuse({ usage }, `"${rest[most]}" is one argument too many`);
  return { project: hasProject ? words[0]! : null, verb, rest };
}

function isVerb(word: string | undefined): boolean {
  return word !== undefined && Object.hasOwn(VERBS, word);
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function printAll(cli: Cli, view: View): Promise<void> {
  const rows = Object.entries(view).map(([key, { value, source }]) => [key, valueText(value), source]);
  return cli.print(view, table([{ title: 'KEY' }, { title: 'VALUE' }, { title: 'FROM' }], rows));
}

function printOne(cli: Cli, view: View, key: string): Promise<void> {
  if (!Object.hasOwn(view, key))
    throw new RoseError('NOT_FOUND', `There is no setting "${key}".`, { what: `setting "${key}"` });
  const setting = view[key]!;
  return cli.print(setting, valueText(setting.value));
}

function valueText(value: unknown): string {
  return escapeText(typeof value === 'string' ? value : JSON.stringify(value));
}
