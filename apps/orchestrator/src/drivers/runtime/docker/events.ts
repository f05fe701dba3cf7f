import type Docker from 'dockerode';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { RuntimeEvent } from '../runtime.ts';
import { jsonLines } from './json-lines.ts';
import { LABEL, type Names } from './names.ts';

const KIND: Record<string, RuntimeEvent['kind']> = {
  start: 'started',
  die: 'exited',
  pause: 'paused',
  unpause: 'resumed',
  destroy: 'removed',
};

const engineEvent = z.object({
  Action: z.string(),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()) }),
});

const LONGEST_PAUSE_MS = 1000;
/** Of an engine whose clock goes by seconds. */
const OVERLAP_MS = 2000;

/**
 * The events of this installation's containers. When the engine goes away it connects again, with back-off, and tells
 * what happened meanwhile: an engine that was killed ends its containers when it starts. Some are told twice then.
 */
export async function* containerEvents(
  docker: Docker,
  names: Names,
  signal: AbortSignal,
): AsyncGenerator<RuntimeEvent, void> {
  let pause = 0;
  let since: string | undefined;
  while (!signal.aborted) {
    try {
      const filters = { type: ['container'], label: [names.filter], event: Object.keys(KIND) };
      const missed = since === undefined ? {} : { since };
      const stream = (await docker.getEvents({ filters, ...missed, abortSignal: signal } as object)) as Readable;
      since = undefined;
      pause = 0;
      for await (const value of jsonLines(stream)) {
        const event = translated(engineEvent.parse(value));
        if (event !== null) yield event;
      }
    } catch {
      // The engine is away, or the signal aborted: the loop's condition tells.
    }
    since ??= String(Math.floor((Date.now() - OVERLAP_MS) / 1000));
    pause = Math.min(LONGEST_PAUSE_MS, pause * 2 + 100);
    await sleep(pause, undefined, { signal }).catch(() => {});
  }
}

function translated(event: z.infer<typeof engineEvent>): RuntimeEvent | null {
  const kind = KIND[event.Action];
  const projectId = Number(event.Actor.Attributes[LABEL.project]);
  return kind === undefined || !Number.isSafeInteger(projectId) ? null : { id: event.Actor.ID, projectId, kind };
}
