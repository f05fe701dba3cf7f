import type { ClientRequest, IncomingMessage } from 'node:http';
import {
  COMMAND_REQUEST,
  COMMAND_RESPONSE,
  type CommandExit,
  type CommandSpec,
  type CommandStarted,
  type ErrorBody,
} from '@rose/contract';
import { decodeJson, encodeFrame, encodeJsonFrame, readFrames } from '@rose/snapshot';
import type { TestAgent } from './start-agent.ts';

/** A command of `commands.run`, seen by its caller. */
export class CalledCommand {
  readonly request: ClientRequest;
  stdout = '';
  stderr = '';
  readonly response: Promise<IncomingMessage>;
  readonly started: Promise<string>;
  readonly exit: Promise<CommandExit | ErrorBody>;

  constructor(agent: TestAgent, spec: CommandSpec) {
    this.request = agent.open('/-/commands.run', { method: 'POST' });
    this.request.on('error', () => {});
    this.response = new Promise((resolve, reject) => {
      this.request.once('response', resolve);
      this.request.once('error', reject);
    });
    const started = Promise.withResolvers<string>();
    this.started = started.promise;
    this.exit = this.#read((id) => started.resolve(id));
    this.exit.catch(() => {});
    this.send(encodeJsonFrame(COMMAND_REQUEST.SPEC, spec));
  }

  send(frame: Buffer): boolean {
    return this.request.write(frame);
  }
  write(data: string | Buffer): boolean {
    return this.send(encodeFrame(COMMAND_REQUEST.STDIN, Buffer.from(data)));
  }
  endInput(): void {
    this.send(encodeFrame(COMMAND_REQUEST.STDIN_END));
  }
  signal(signal: string): void {
    this.send(encodeJsonFrame(COMMAND_REQUEST.SIGNAL, { signal }));
  }

  async #read(onStarted: (id: string) => void): Promise<CommandExit | ErrorBody> {
    const response = await this.response;
    if (response.statusCode !== 200) {
      const body = await response.setEncoding('utf8').reduce((all: string, part: string) => all + part, '');
      this.request.end();
      return JSON.parse(body) as ErrorBody;
    }
    for await (const { type, payload } of readFrames(response)) {
      if (type === COMMAND_RESPONSE.STDOUT) this.stdout += payload.toString('latin1');
      else if (type === COMMAND_RESPONSE.STDERR) this.stderr += payload.toString('latin1');
      else if (type === COMMAND_RESPONSE.STARTED) onStarted((decodeJson(payload) as CommandStarted).id);
      else {
        this.request.end();
        return decodeJson(payload) as CommandExit | ErrorBody;
      }
    }
    throw new Error('the stream ended without an exit');
  }
}

/** Runs a shell line. */
export function shell(agent: TestAgent, line: string, spec: Partial<CommandSpec> = {}): CalledCommand {
  return new CalledCommand(agent, { argv: ['sh', '-c', line], ...spec });
}
