import { whileSignedIn, type Listener } from '../accounts/while-signed-in.ts';
import type { ProjectAccess, ProjectGrant } from './project-access.ts';

/** Who listens to a stream of a project. */
export interface ProjectListener extends Listener {
  services: Listener['services'] & { projectAccess: Pick<ProjectAccess, 'watch'> };
  project: ProjectGrant;
}

/**
 * A stream that ends as `whileSignedIn` says, or when its listener is no longer what he was in the project.
 * @throws RoseError NOT_FOUND or FORBIDDEN then
 */
export async function* whileMember<T>(
  listener: ProjectListener,
  signal: AbortSignal | undefined,
  begin: (signal: AbortSignal) => AsyncIterable<T>,
): AsyncGenerator<T> {
  const { services, identity, project } = listener;
  const ended = new AbortController();
  using _ = services.projectAccess.watch(identity.account.id, project, (reason) => ended.abort(reason));
  yield* whileSignedIn(listener, signal === undefined ? ended.signal : AbortSignal.any([signal, ended.signal]), begin);
  ended.signal.throwIfAborted();
}
