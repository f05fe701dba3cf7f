import type Docker from 'dockerode';
import { callEngine, statusOf } from './calls.ts';
import { LABEL, type Names } from './names.ts';

const LIST_MS = 30_000;
const REMOVE_MS = 60_000;

/** Removes the containers for one question or deed that a killed orchestrator of this installation left behind. */
export async function removeHelpers(docker: Docker, { installation }: Names): Promise<void> {
  const filters = { label: [`${LABEL.helper}=${installation}`] };
  const found = await callEngine('list containers', LIST_MS, (abortSignal) =>
    docker.listContainers({ all: true, filters, abortSignal }),
  );
  for (const { Id } of found) {
    try {
      await callEngine('remove a container', REMOVE_MS, (abortSignal) =>
        docker.getContainer(Id).remove({ force: true, v: true, abortSignal }),
      );
    } catch (error) {
      // It ended by itself, and the engine removes it.
      if (statusOf(error) !== 404 && statusOf(error) !== 409) throw error;
    }
  }
}
