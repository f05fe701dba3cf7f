import type { DevContainerFile, PostCreate, ProjectState } from '@rose/contract';
import type { Logger } from 'pino';
import type { Isolation } from '../drivers/runtime/runtime.ts';
import type { LauncherOptions } from './launcher.ts';
import type { Locks } from './locks.ts';
import type { States } from './states.ts';

export interface ContainersOptions extends Omit<LauncherOptions, 'lines'> {
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
  /** What the devcontainer.json of its workspace says, as it was read at the last start; null: there is none. */
  devContainer: DevContainerFile | null;
  /** null: nothing was to do since RoSE started. */
  postCreate: PostCreate | null;
}
