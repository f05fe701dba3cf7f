import { RoseError } from '@rose/contract/errors';
import { findCommand, parseArguments } from './arguments.ts';
import type { Command } from './command.ts';
import { commands } from './commands/index.ts';
import { asFailure } from './failure.ts';
import { exitCodeOf } from './interrupts.ts';
import { writeTo, type Io } from './io.ts';
import { escapeText } from './output/escape.ts';
import { UsageError } from './usage-error.ts';

const USAGE_CODE = 2;
const FAILURE_CODE = 1;

/** Runs one command line. @returns the exit code */
export async function runProgram(argv: string[], io: Io): Promise<number> {
  const words = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : argv.length);
  const json = words.includes('--json');
  let failureCode = FAILURE_CODE;
  try {
    const { name, rest } = findCommand(argv, [...Object.keys(commands), 'help']);
    if (name === '' || name === 'help')
      return await help(name === '' ? [] : rest, name === '' && !wantsHelp(words), io);
    const command = await commands[name]!();
    failureCode = command.failureCode ?? FAILURE_CODE;
    return await run(command, rest, io);
  } catch (error) {
    return fail(error, { json, failureCode, io });
  }
}

async function run(command: Command, rest: string[], io: Io): Promise<number> {
  const { globals, args } = parseArguments(command, rest);
  if (globals.help) {
    const { commandHelp } = await import('./help.ts');
    await writeTo(io.stdout, commandHelp(command), io.interrupts.signal);
    return 0;
  }
  const [{ Cli }, { findConnection }] = await Promise.all([import('./cli.ts'), import('./connection.ts')]);
  const cli = new Cli(io, globals.json === true, findConnection(globals, io.env));
  return (await command.run(cli, args)) ?? 0;
}

async function help(names: string[], isMissing: boolean, io: Io): Promise<number> {
  const { commandHelp, listCommands } = await import('./help.ts');
  const words = names.filter((name) => !name.startsWith('-'));
  const { name } = findCommand(words, Object.keys(commands));
  const text = name === '' ? await listCommands() : commandHelp(await commands[name]!());
  await writeTo(isMissing ? io.stderr : io.stdout, text, io.interrupts.signal);
  return isMissing ? USAGE_CODE : 0;
}

function wantsHelp(words: string[]): boolean {
  return words.includes('--help') || words.includes('-h');
}

/** One line on stderr. */
async function fail(
  error: unknown,
  { json, failureCode, io }: { json: boolean; failureCode: number; io: Io },
): Promise<number> {
  // Whoever read our output has seen enough, as with every program in a pipe.
  if ((error as NodeJS.ErrnoException).code === 'EPIPE') return exitCodeOf('SIGPIPE');
  const isUsage = error instanceof UsageError;
  const failure = isUsage ? usageFailure(error.message) : asFailure(error);
  const line = json ? JSON.stringify({ error: failure.toBody() }) : `rose: ${escapeText(failure.message)}`;
  await new Promise<void>((resolve) => io.stderr.write(`${line}\n`, () => resolve()));
  return isUsage ? USAGE_CODE : (io.interrupts.exitCode ?? failureCode);
}

function usageFailure(message: string): RoseError {
  return new RoseError('INVALID_INPUT', message, { issues: [{ path: '', message }] });
}
