import { RoseError } from '@rose/contract/errors';
import type { Cli } from './cli.ts';
import { ask } from './local/ask.ts';
import { readLine } from './local/read-line.ts';
import { storeSignIn } from './sign-ins.ts';
import { UsageError } from './usage-error.ts';

/** The value of an option, asked for when it is missing and somebody can answer. @throws UsageError */
export async function askOrOption(cli: Cli, option: string, question: string, value?: string): Promise<string> {
  if (value !== undefined) return value;
  if (!canAsk(cli)) throw new UsageError(`${option} is missing.`);
  return ask(cli.io, `${question}: `);
}

/** One line of stdin, without its end; on a terminal it is typed unseen. @throws UsageError */
export async function readPassword(cli: Cli, fromStdin: boolean): Promise<string> {
  if (fromStdin) return readLine(cli.io.stdin, cli.signal);
  if (!canAsk(cli)) throw new UsageError('--password-stdin is missing: the password is read from stdin.');
  return ask(cli.io, 'Password: ', { hidden: true });
}

function canAsk({ io }: Cli): boolean {
  return io.stdin.isTTY === true && io.stderr.isTTY === true;
}

/** Stores the session that has just begun. */
export async function keepSession(cli: Cli): Promise<void> {
  const { session, connection, io } = cli;
  if (session === null) throw new RoseError('INTERNAL', `${connection.url} signed in but gave no session.`);
  storeSignIn({ url: connection.url, token: session }, io.env);
  if (io.env.ROSE_TOKEN) await cli.note('ROSE_TOKEN is set, and wins over this sign-in for as long as it is.');
}
