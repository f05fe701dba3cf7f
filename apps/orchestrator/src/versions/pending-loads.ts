import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadOutcome } from '@rose/snapshot';
import { z } from 'zod';
import { translateAgentError, type AgentConnection } from '../drivers/agent/agent-connection.ts';
import type { PendingLoad, VersionsRepository } from './versions-repository.ts';

export const outcomeSchema = z.object({ conflicts: z.array(z.string()) });
const standingSchema = z.object({ loadId: z.string(), outcome: outcomeSchema, damaged: z.array(z.string()) });
export type LoadStanding = z.infer<typeof standingSchema>;

/** A load of millions of files is applied within this. */
const APPLY_MS = 15 * 60 * 1000;
const POLL_MS = 100;

/** Loads whose end nobody has heard of: an orchestrator or an agent died, or an answer was lost. */
export class PendingLoads {
  readonly #repository: VersionsRepository;

  constructor(repository: VersionsRepository) {
    this.#repository = repository;
  }

  /**
   * Learns from the agent how they ended and writes it down. Must come before anything else is
   * done with the workspace: it may hold another version than its rows say.
   * @throws RoseError AGENT_UNAVAILABLE, NEEDS_ATTENTION when one stopped half-way; it stays pending then
   */
  async settle(projectId: number, agent: AgentConnection): Promise<void> {
    for (const load of await this.#repository.pendingLoads(projectId)) {
      const outcome = await this.outcome(load, agent);
      if (outcome === null) await this.#repository.failLoad(load.id);
      else await this.finish(load, outcome);
    }
  }

  /** How a load ended, null when it touched nothing. @throws RoseError when that cannot be known now */
  async outcome(load: PendingLoad, agent: AgentConnection): Promise<LoadOutcome | null> {
    const standing = await this.standing(agent);
    return standing?.loadId === load.id ? standing.outcome : null;
  }

  /** A load happened. With conflicts, or of single paths, it leaves a workspace that derives from what it did before. */
  async finish(load: PendingLoad, { conflicts }: LoadOutcome): Promise<void> {
    const isExact = conflicts.length === 0 && !load.isPartial;
    await this.#repository.finishLoad(load, isExact);
  }

  /** How the last load of a workspace ended, as its agent has it on record; waits for one that runs. */
  async standing(agent: AgentConnection): Promise<LoadStanding | null> {
    for (const until = Date.now() + APPLY_MS; ;) {
      try {
        return standingSchema.nullable().parse(await agent.trpc.snapshot.standing.query());
      } catch (error) {
        const failure = translateAgentError(error);
        if (failure.code !== 'BUSY' || Date.now() > until) throw failure;
        await sleep(POLL_MS);
      }
    }
  }
}
