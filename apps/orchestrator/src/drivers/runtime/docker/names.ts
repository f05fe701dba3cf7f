import { RoseError } from '@rose/contract';

/**
 * Names and labels of what an installation has at an engine. Two installations may share one:
 * each name carries the installation's id, and each look-up asks for the label, so that none ever
 * touches what is the other's.
 */
export const LABEL = {
  installation: 'rose.installation',
  project: 'rose.project',
  volume: 'rose.volume',
  agentBuild: 'rose.agent-build',
  helper: 'rose.helper',
  /** Of an image that RoSE built, with its key; what is built on it has the label too. */
  image: 'rose.image',
  /** Of a volume with the agent, with the key of the image that it comes from. */
  agent: 'rose.agent',
} as const;

export interface Names {
  readonly installation: string;
  /** One container a project: the engine itself refuses a second. */
  container(projectId: number): string;
  /** The engine's name of a volume. */
  volume(volume: string): string;
  labels(extra: Record<string, string>): Record<string, string>;
  /** The engine's filter for what is this installation's. */
  readonly filter: string;
  /** Of containers that live for one question or deed. */
  readonly helperLabels: Record<string, string>;
}

export function namesOf(installation: string): Names {
  return {
    installation,
    container: (projectId) => `rose-${installation}-${projectId}`,
    volume: (volume) => {
      if (!/^[A-Za-z0-9][\w.-]{0,99}$/.test(volume)) {
        throw new RoseError('CONTAINER_FAILED', `"${volume}" is no name of a volume.`);
      }
      return `rose-${installation}-${volume}`;
    },
    labels: (extra) => ({ [LABEL.installation]: installation, ...extra }),
    filter: `${LABEL.installation}=${installation}`,
    helperLabels: { [LABEL.helper]: installation },
  };
}
