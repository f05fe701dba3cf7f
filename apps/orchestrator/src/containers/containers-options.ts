import type { ProjectState } from '@rose/contract';
import type { Logger } from 'pino';
import type { Isolation } from '../drivers/runtime/runtime.ts';
import type { LauncherOptions } from './launcher.ts';
import type { Locks } from './locks.ts';
import type { States } from './states.ts';

export interface ContainersOptions extends LauncherOptions {
  states: States;
  /** One deed at a time per project, shared with the versions room. */
  deeds: Locks;
  /** Whether another orchestrator has taken this installation over: the containers are that one's then. */
  isTakenOver: () => boolean;
  log: Logger;
}

/** How the container of a project is, for people. */
export interface ContainerStatus {
  state: ProjectState;
  stateReason: string | null;
  runtime: 'docker' | 'process';
  isolation: Isolation;
}
