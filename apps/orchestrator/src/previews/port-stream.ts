import { Duplex, PassThrough, type Readable } from 'node:stream';
import { RoseError, STREAMS } from '@rose/contract';
import type { AgentConnection } from '../drivers/agent/agent-connection.ts';

/** The agent itself gives up after 5 s. */
const CONNECT_MS = 15_000;

/**
 * A TCP connection to a port of a container's own loopback, through its agent.
 * @throws RoseError NOT_FOUND when nothing listens, TIMEOUT, CANCELLED, AGENT_UNAVAILABLE
 */
export async function connectPort(agent: AgentConnection, port: number, signal: AbortSignal): Promise<Duplex> {
  const outgoing = new PassThrough();
  // The request begins with the first byte of its body, which the agent drops.
  outgoing.write(Buffer.alloc(1));
  outgoing.on('error', () => {});
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), CONNECT_MS);
  try {
    const incoming = await agent.stream({
      method: 'POST',
      path: `/-/${STREAMS.connectPort}?port=${port}`,
      body: outgoing,
      role: 'editor',
      signal: AbortSignal.any([signal, late.signal]),
      idleMs: 0,
    });
    return new PortStream(outgoing, incoming);
  } catch (error) {
    outgoing.destroy();
    throw late.signal.aborted ? new RoseError('TIMEOUT', `Port ${port} does not answer.`, {}, { cause: error }) : error;
  } finally {
    clearTimeout(timer);
  }
}

/** Both ways as one stream. What is sent to an app that has gone is lost, as on any connection; what it said is not. */
class PortStream extends Duplex {
  readonly #outgoing: PassThrough;
  readonly #incoming: Readable;

  constructor(outgoing: PassThrough, incoming: Readable) {
    super();
    this.#outgoing = outgoing;
    this.#incoming = incoming;
    incoming.on('data', (chunk: Buffer) => this.push(chunk) || incoming.pause());
    incoming.once('end', () => this.push(null));
    incoming.once('error', (error) => this.destroy(error));
    incoming.once('close', () => incoming.readableEnded || this.destroy());
  }

  override _read(): void {
    this.#incoming.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#outgoing.destroyed || this.#outgoing.write(chunk)) return done();
    const go = (): void => {
      this.#outgoing.off('drain', go).off('close', go);
      done();
    };
    this.#outgoing.once('drain', go).once('close', go);
  }

  override _final(done: () => void): void {
    this.#outgoing.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#outgoing.destroy();
    this.#incoming.destroy();
    done(error);
  }

  /** What node:http does with the socket of an exchange that is over. */
  destroySoon(): void {
    this.destroy();
  }
}
