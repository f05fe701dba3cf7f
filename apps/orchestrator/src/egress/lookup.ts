import { lookup } from 'node:dns/promises';

/** All addresses of a name, in the resolver's order. */
export type Lookup = (host: string) => Promise<string[]>;

/** The system's resolver, so that /etc/hosts and the like count. */
export const systemLookup: Lookup = async (host) => {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
};

/** At most `most` at a time: a lookup holds a thread, and one project must not hold them all. */
export function limited(resolve: Lookup, most: number): Lookup {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (host) => {
    if (running >= most) await new Promise<void>((go) => waiting.push(go));
    else running += 1;
    try {
      return await resolve(host);
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
