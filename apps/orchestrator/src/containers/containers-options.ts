import type { ProjectState } from '@rose/contract';
import type { Logger } from 'pino';
import type { AgentConnection } from '../drivers/agent/agent-connection.ts';
import type { Isolation } from '../drivers/runtime/runtime.ts';
import type { LauncherOptions } from './launcher.ts';
import type { Locks } from './locks.ts';

export interface ContainersOptions extends LauncherOptions {
  /** One deed at a time per project, shared with the versions room. */
  deeds: Locks;
  /** Whether another orchestrator has taken this installation over: the containers are that one's then. */
  isTakenOver: () => boolean;
  log: Logger;
}

/** A container that runs or is paused. */
export interface Awake {
  containerId: string;
  agent: AgentConnection;
  isPaused: boolean;
}

/** How the container of a project is, for people. */
export interface ContainerStatus {
  state: ProjectState;
  stateReason: string | null;
  runtime: 'docker' | 'process';
  isolation: Isolation;
}
