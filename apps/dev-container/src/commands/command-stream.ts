import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import { COMMAND_RESPONSE, type CommandExit, type CommandStarted } from '@rose/contract';
import { encodeFrame, encodeJsonFrame } from '@rose/snapshot';
import { asRoseError } from '../failures.ts';
import type { StreamRoute } from '../streams.ts';
import { Command } from './command.ts';
import { CommandInput } from './command-input.ts';

/** `/-/commands.run`: frames both ways, see COMMAND_REQUEST and COMMAND_RESPONSE of the contract. */
export const runCommandRoute: StreamRoute = {
  role: 'editor',
  method: 'POST',
  async handle(request, response, agent, signal) {
    const input = new CommandInput(request);
    const started = await agent.commands.start(await input.spec);
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    if (started instanceof Command) await serve(started, input, response, signal);
    else response.write(encodeJsonFrame(COMMAND_RESPONSE.EXIT, started satisfies CommandExit));
    input.detach();
    response.end();
    await finished(response, { readable: false });
  },
};

/** Carries one command to its end; when the caller leaves, the command goes too. */
async function serve(
  command: Command,
  input: CommandInput,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const end = (): void => {
    command.end();
    command.stdout.resume();
    command.stderr.resume();
  };
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  response.write(encodeJsonFrame(COMMAND_RESPONSE.STARTED, { id: command.id } satisfies CommandStarted));
  carry(command.stdout, COMMAND_RESPONSE.STDOUT, response);
  carry(command.stderr, COMMAND_RESPONSE.STDERR, response);
  input.attach(command);
  try {
    const exit = await Promise.race([command.ended, input.broken]);
    if (!response.destroyed) response.write(encodeJsonFrame(COMMAND_RESPONSE.EXIT, exit));
  } catch (error) {
    end();
    await command.ended;
    if (!response.destroyed) response.write(encodeJsonFrame(COMMAND_RESPONSE.ERROR, asRoseError(error).toBody()));
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/** Frames an output, no faster than the caller reads. When he is gone it is thrown away. */
function carry(output: Socket, type: number, response: ServerResponse): void {
  output.on('data', (chunk: Buffer) => {
    if (response.destroyed || response.write(encodeFrame(type, chunk))) return;
    output.pause();
    response.once('drain', () => output.resume());
  });
  response.once('close', () => output.resume());
}
