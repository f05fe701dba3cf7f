import { once } from 'node:events';
import type { Logger } from 'pino';
import type { ContainerInfo, Runtime } from '../drivers/runtime/runtime.ts';

/** Unsaved work has this long to become checkpoints, ms: all must be over within 10 s of the signal. */
const KEEP_MS = 4000;

export interface ShutDown {
  /** Projects that may hold unsaved work. */
  awake: number[];
  /** Keeps the unsaved work of a project as a checkpoint. */
  keep: (projectId: number, signal: AbortSignal) => Promise<void>;
  end: (container: ContainerInfo) => Promise<void>;
  isTakenOver: () => boolean;
  runtime: Runtime;
  log: Logger;
}

/**
 * Ends every container of this installation, also those that this orchestrator never used. Volumes stay,
 * and with them what could not be kept in time: the next wake finds it. Never throws.
 */
export async function shutDown({ awake, keep, end, isTakenOver, runtime, log }: ShutDown): Promise<void> {
  if (isTakenOver()) return;
  const signal = AbortSignal.timeout(KEEP_MS);
  const late = once(signal, 'abort').then(() => {
    throw signal.reason;
  });
  late.catch(() => {});
  await Promise.all(
    awake.map(async (projectId) => {
      try {
        await Promise.race([keep(projectId, signal), late]);
      } catch (err) {
        log.warn({ projectId, err }, 'Unsaved work was not kept as a checkpoint; it stays in its volume.');
      }
    }),
  );
  const containers = await runtime.list().catch((err: unknown) => {
    log.error({ err }, 'Dev containers could not be looked for; the next start adopts what runs.');
    return [];
  });
  await Promise.all(
    containers.map(async (container) => {
      try {
        await end(container);
      } catch (err) {
        log.error(
          { projectId: container.projectId, err },
          'A dev container could not be ended; the next start adopts it.',
        );
      }
    }),
  );
}
