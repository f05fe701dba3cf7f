import { parseArgs } from 'node:util';
import type { Arguments, Command, OptionSpecs } from './command.ts';
import { UsageError } from './usage-error.ts';

/** Taken by every command, anywhere before `--`. */
const GLOBAL_OPTIONS = {
  json: { type: 'boolean' },
  url: { type: 'string' },
  token: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies OptionSpecs;

const TAKES_VALUE = new Set(['--url', '--token']);

export interface GlobalValues {
  json?: boolean;
  url?: string;
  token?: string;
  help?: boolean;
}

export interface CommandWords {
  /** Name of the command, one word or two; '' when there is none. */
  name: string;
  /** All other arguments, in their order. */
  rest: string[];
}

/** Finds the words that name the command, past any global options. @throws UsageError */
export function findCommand(argv: string[], names: string[]): CommandWords {
  const found: number[] = [];
  for (let at = 0; at < argv.length && argv[at] !== '--'; at += 1) {
    const argument = argv[at]!;
    if (argument.startsWith('-')) {
      if (TAKES_VALUE.has(argument)) at += 1;
      continue;
    }
    found.push(at);
    const isGroup = found.length === 1 && names.some((name) => name.startsWith(`${argument} `));
    if (!isGroup) break;
  }
  const name = found.map((at) => argv[at]).join(' ');
  if (name !== '' && !names.includes(name)) throw unknownCommand(name, names);
  return { name, rest: argv.filter((_, at) => !found.includes(at)) };
}

function unknownCommand(name: string, names: string[]): UsageError {
  const [group] = name.split(' ');
  const members = names.filter((known) => known.startsWith(`${group} `)).map((known) => known.slice(group!.length + 1));
  if (members.length === 0) return new UsageError(`There is no command "${name}"; "rose help" lists them.`);
  return new UsageError(`"rose ${group}" is followed by one of ${members.join(', ')}.`);
}

/** Reads the options and positional arguments of a command. @throws UsageError */
export function parseArguments(
  command: Command,
  args: string[],
): { globals: GlobalValues; args: Arguments<OptionSpecs> } {
  const { values, tokens } = parse(command, args);
  const end = tokens.find((token) => token.kind === 'option-terminator')?.index ?? Infinity;
  const words = tokens.filter((token) => token.kind === 'positional');
  const own = command.takesProgram ? words.filter(({ index }) => index < end) : words;
  const program = command.takesProgram ? words.filter(({ index }) => index > end) : [];
  const { json, url, token, help, ...others } = values as GlobalValues & Arguments<OptionSpecs>['values'];
  const positionals = own.map(({ value }) => value);
  if (!help) checkCount(command, positionals);
  return {
    globals: { json, url, token, help },
    args: { values: others, positionals, program: program.map(({ value }) => value) },
  };
}

function parse(command: Command, args: string[]) {
  try {
    const options = { ...GLOBAL_OPTIONS, ...command.options };
    return parseArgs({ args, options, allowPositionals: true, strict: true, tokens: true });
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (!code.startsWith('ERR_PARSE_ARGS_')) throw error;
    // The rest of Node's message explains how to pass what was not meant.
    throw misuse(command, message.split(/\.(?:\s|$)|\n/, 1)[0]!);
  }
}

function checkCount(command: Command, given: string[]): void {
  const names = command.positionals ?? [];
  const missing = names.find((name, at) => !name.startsWith('[') && given[at] === undefined);
  if (missing !== undefined) throw misuse(command, `${missing} is missing`);
  if (given.length > names.length) throw misuse(command, `"${given[names.length]}" is one argument too many`);
}

/** A wrong use of a known command. */
export function misuse(command: Pick<Command, 'usage'>, mistake: string): UsageError {
  return new UsageError(`${mistake}. Usage: rose ${command.usage}`);
}
