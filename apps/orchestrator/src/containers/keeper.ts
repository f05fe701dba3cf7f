import type { AgentConnection } from '../drivers/agent/agent-connection.ts';
import type { ContainerRow } from './containers-repository.ts';

/** What must happen to a workspace around the life of its container; the versions room does it. */
export interface WorkspaceKeeper {
  /**
   * Brings a workspace that just came up to what the project says it is: settles a load that
   * was under way, fills an empty volume.
   * @throws RoseError NEEDS_ATTENTION when that is impossible; the container is stopped then.
   */
  restore(project: ContainerRow, agent: AgentConnection): Promise<void>;
  /** Keeps unsaved work as a checkpoint. */
  checkpoint(project: ContainerRow, agent: AgentConnection, options: CheckpointOptions): Promise<void>;
}

export interface CheckpointOptions {
  /** The orchestrator ends: nothing that takes long is done. */
  isHasty: boolean;
}
