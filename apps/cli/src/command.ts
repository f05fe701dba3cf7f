import type { Cli } from './cli.ts';

export interface OptionSpec {
  type: 'boolean' | 'string';
  short?: string;
  multiple?: boolean;
}

export type OptionSpecs = Record<string, OptionSpec>;

type ValueOf<S extends OptionSpec> = S['type'] extends 'boolean'
  ? boolean
  : S['multiple'] extends true
    ? string[]
    : string;

export interface Arguments<O extends OptionSpecs> {
  values: { [K in keyof O]?: ValueOf<O[K]> };
  /** As many as the command needs at least. */
  positionals: string[];
  /** What follows `--`, for a command that runs a program. */
  program: string[];
}

export interface Command<O extends OptionSpecs = OptionSpecs> {
  /** The command line after `rose`. */
  usage: string;
  /** One sentence for the list of commands. */
  summary: string;
  /** More sentences for `rose COMMAND --help`. */
  details?: string;
  /** Names for messages; `[NAME]` may be missing. */
  positionals?: string[];
  options?: O;
  /** The words after `--` are a program to run, and belong to it. */
  takesProgram?: boolean;
  /** Exit code of a failure; 1 unless it must be told from a program's. */
  failureCode?: number;
  /** @returns the exit code when it is not 0 */
  run(cli: Cli, args: Arguments<O>): Promise<number | void>;
}

/** Lets TypeScript infer the types of a command's options. */
export function defineCommand<const O extends OptionSpecs = {}>(command: Command<O>): Command {
  return command;
}
