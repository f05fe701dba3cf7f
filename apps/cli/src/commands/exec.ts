import type { CommandExit } from '@rose/contract';
import { RoseError } from '@rose/contract/errors';
import type { Workspace } from '@rose/client/node';
import { misuse } from '../arguments.ts';
import type { Cli } from '../cli.ts';
import { defineCommand } from '../command.ts';
import { exitCodeOf } from '../interrupts.ts';
import { writeTo } from '../io.ts';
import { escapeName } from '../output/escape.ts';
import { findProject } from '../reference.ts';

const usage = 'exec P -- CMD ARG…';
/** A signal that cannot be passed on by then ends the connection, and with it the command. */
const SIGNAL_MS = 5000;

export const command = defineCommand({
  usage,
  summary: 'Run a command in the root of the workspace.',
  details:
    'No shell looks at it. stdin, stdout and stderr pass through, and so do SIGINT and SIGTERM. The exit code is that\n' +
    'of the command, 128+n by signal n, 127 not found, 126 not executable, 125 when RoSE itself failed.',
  positionals: ['P'],
  takesProgram: true,
  failureCode: 125,
  async run(cli, { positionals, program }) {
    if (program.length === 0) throw misuse({ usage }, '-- CMD is missing');
    const projectId = await findProject(cli, positionals[0]!);
    const workspace = cli.rose.workspace(projectId);
    using stack = new DisposableStack();
    const exit = await workspace.run(program, {
      stdin: cli.io.stdin as AsyncIterable<Uint8Array>,
      onStart: (id) => stack.use(passSignals(cli, workspace, id)),
      onStdout: (chunk) => cli.write(chunk),
      onStderr: (chunk) => writeTo(cli.io.stderr, chunk, cli.signal),
      signal: cli.signal,
    });
    await tellFailure(cli, program[0]!, exit);
    return exit.code ?? exitCodeOf(exit.signal!);
  },
});

function passSignals({ io: { interrupts } }: Cli, { commands }: Workspace, id: string): Disposable {
  const taken = interrupts.take((signal) => {
    commands.kill.mutate({ id, signal }, { signal: AbortSignal.timeout(SIGNAL_MS) }).catch((error: unknown) => {
      // It may have ended by itself, and its end is on the way.
      if (error instanceof RoseError && error.code === 'NOT_FOUND') return;
      taken[Symbol.dispose]();
      interrupts.receive(signal);
    });
  });
  return taken;
}

async function tellFailure(cli: Cli, name: string, { failure }: CommandExit): Promise<void> {
  if (failure === undefined) return;
  const reason = failure === 'not-found' ? 'there is no such command in the dev container' : 'it cannot be executed';
  await cli.note(`rose: ${escapeName(name)}: ${reason}`);
}
