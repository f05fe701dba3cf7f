import type { Access, Credentials } from './access.ts';
import type { Identity } from './identity.ts';

/** Who listens to a stream. */
export interface Listener {
  services: { access: Pick<Access, 'watch'> };
  identity: Identity;
  credentials: Credentials;
}

/**
 * A stream that ends when its listener leaves (`signal`), signs out, or when what he came with is revoked or expires.
 */
export async function* whileSignedIn<T>(
  { services, identity, credentials }: Listener,
  signal: AbortSignal | undefined,
  begin: (signal: AbortSignal) => AsyncIterable<T>,
): AsyncGenerator<T> {
  const ended = new AbortController();
  using _ = services.access.watch(identity, credentials, () => ended.abort());
  yield* begin(signal === undefined ? ended.signal : AbortSignal.any([signal, ended.signal]));
}
