import { connect, isIP, type Socket } from 'node:net';
import { refusedKind } from './addresses.ts';
import type { Lookup } from './lookup.ts';
import { Refused, type EgressRules } from './rules.ts';
import type { Target } from './target.ts';
import { connectThrough } from './upstream.ts';

const RESOLVE_MS = 10_000;
/** For one address; the next is tried then. */
const CONNECT_MS = 10_000;
const MAX_ADDRESSES = 4;

/**
 * Connects to a target that was judged. The name is resolved once, and the connection goes to
 * the very address that was checked: a name that resolves differently the next time gains nothing.
 * @throws Refused when it has only addresses that containers may not reach; Error when it cannot be reached.
 */
export async function dial(
  target: Target,
  permitted: boolean,
  rules: EgressRules,
  resolve: Lookup,
  signal: AbortSignal,
): Promise<Socket> {
  const reachable = await reachableAddresses(target, permitted, rules, resolve);
  if (rules.upstreamProxy !== null && !permitted)
    return connectThrough(rules.upstreamProxy, target, CONNECT_MS, signal);
  return connectToFirst(reachable.slice(0, MAX_ADDRESSES), target.port, signal);
}

/**
 * Those addresses of a target that was judged that may be connected to; none where only an upstream proxy knows its name.
 * @throws Refused when it has only others; Error when it cannot be resolved
 */
export async function reachableAddresses(
  { host }: Target,
  permitted: boolean,
  rules: EgressRules,
  resolve: Lookup,
): Promise<string[]> {
  const addresses = await addressesOf(host, resolve, rules.upstreamProxy !== null && !permitted);
  const kindOf = (address: string): string | null => refusedKind(address, rules.refusedNetworks);
  const reachable = permitted ? addresses : addresses.filter((address) => kindOf(address) === null);
  if (addresses.length > 0 && reachable.length === 0)
    throw new Refused(`${host} is refused: its address is ${kindOf(addresses[0]!)}.`);
  return reachable;
}

/**
 * @param mayBeUnknown behind an upstream proxy this host may know no names of the internet: the
 * proxy, which is given the name, then resolves it in its own network
 */
async function addressesOf(host: string, resolve: Lookup, mayBeUnknown: boolean): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`${host} was not resolved in time.`)), RESOLVE_MS);
  try {
    return await Promise.race([resolve(host), late.promise]);
  } catch (error) {
    if (mayBeUnknown) return [];
    throw new Error(`${host} cannot be resolved.`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function connectToFirst(addresses: string[], port: number, signal: AbortSignal): Promise<Socket> {
  let failure: unknown = new Error('The name has no address.');
  for (const address of addresses) {
    try {
      return await connectTo(address, port, signal);
    } catch (error) {
      signal.throwIfAborted();
      failure = error;
    }
  }
  throw failure;
}

function connectTo(address: string, port: number, signal: AbortSignal): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  // allowHalfOpen: whoever has said all that he has to say may still listen.
  const socket = connect({ host: address, port, allowHalfOpen: true, noDelay: true });
  const fail = (error: Error): void => {
    signal.removeEventListener('abort', giveUp);
    socket.destroy();
    reject(error);
  };
  const giveUp = (): void => fail(new Error('Cancelled.'));
  socket.setTimeout(CONNECT_MS, () => fail(new Error(`${address} did not answer in time.`)));
  socket.once('error', fail);
  signal.addEventListener('abort', giveUp, { once: true });
  socket.once('connect', () => {
    signal.removeEventListener('abort', giveUp);
    socket.off('error', fail);
    socket.setTimeout(0).removeAllListeners('timeout');
    resolve(socket);
  });
  return promise;
}
