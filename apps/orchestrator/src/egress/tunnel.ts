import type { Socket } from 'node:net';

/**
 * Carries bytes both ways, each end's last word included, until both have ended, one breaks off,
 * nothing moved for `idleMs`, or `signal` aborts. Both are closed afterwards.
 */
export function carry(client: Socket, remote: Socket, idleMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = (): void => {
    clearTimeout(idle);
    signal.removeEventListener('abort', end);
    client.destroy();
    remote.destroy();
    resolve();
  };
  const idle = setTimeout(end, idleMs);
  for (const [from, to] of [
    [client, remote],
    [remote, client],
  ] as const) {
    from.on('data', () => idle.refresh());
    from.pipe(to);
    from.once('close', () => {
      // What an end said before it left still gets to the other; one that broke off has said all.
      if (to.destroyed || !from.readableEnded) end();
      else to.destroySoon();
    });
  }
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  return promise;
}
