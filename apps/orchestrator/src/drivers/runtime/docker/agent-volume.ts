import type Docker from 'dockerode';
import { RoseError } from '@rose/contract';
import { callEngine } from './calls.ts';
import type { DevImage } from './image.ts';
import { LABEL } from './names.ts';

const FILL_MS = 5 * 60_000;
const LOOK_MS = 30_000;

/** Where it is mounted: where RoSE's own image has the agent, so that its compile cache holds. */
export const AGENT_FOLDER = '/opt/rose';

/**
 * How the agent is started out of the volume: by the loader, and with the libraries, of the image that its Node
 * comes from. So it does not matter which C library the project's image has, or whether it has any.
 */
export const AGENT_COMMAND = [
  `${AGENT_FOLDER}/lib/ld.so`,
  '--library-path',
  `${AGENT_FOLDER}/lib`,
  `${AGENT_FOLDER}/bin/node`,
  '--max-semi-space-size=4',
  `${AGENT_FOLDER}/agent/agent.mjs`,
];

/** The engine's name of the volume with the agent of an image of RoSE's own. */
export function agentVolumeName(key: string): string {
  return `rose-agent-${key}`;
}

/**
 * Lays out the agent and its Node in a volume that every container of a foreign image mounts read-only; finds the
 * one of the same build again.
 * @returns the engine's name of the volume
 * @throws RoseError CONTAINER_FAILED
 */
export async function ensureAgentVolume(
  docker: Docker,
  own: DevImage,
  helperLabels: Record<string, string>,
  signal: AbortSignal,
): Promise<string> {
  const name = agentVolumeName(own.key);
  await callEngine(
    'lay out the agent',
    FILL_MS,
    async (abortSignal) => {
      const labelled = { Name: name, Labels: { [LABEL.agent]: own.key }, abortSignal };
      const volume = await docker.createVolume(labelled);
      if (!isOurs(await volume.inspect({ abortSignal }))) {
        await volume.remove({ abortSignal });
        await docker.createVolume(labelled);
      }
      const container = await docker.createContainer({
        Image: own.id,
        Entrypoint: ['sh', '-c', FILL],
        User: '0:0',
        Labels: helperLabels,
        HostConfig: {
          AutoRemove: true,
          NetworkMode: 'none',
          CapDrop: ['ALL'],
          // To leave the compile cache to the uid that it was made for.
          CapAdd: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER'],
          SecurityOpt: ['no-new-privileges'],
          ReadonlyRootfs: true,
          Mounts: [{ Type: 'volume', Source: name, Target: '/mnt' }],
        },
        abortSignal,
      });
      try {
        // Asked before the start: afterwards it may be gone already.
        const ended = container.wait({ condition: 'next-exit', abortSignal }) as Promise<{ StatusCode: number }>;
        ended.catch(() => {});
        await container.start({ abortSignal });
        const { StatusCode } = await ended;
        if (StatusCode !== 0) throw new RoseError('CONTAINER_FAILED', 'The agent could not be laid out in a volume.');
      } finally {
        await container.remove({ force: true, v: true }).catch(() => {});
      }
    },
    signal,
  );
  return name;
}

/** A volume with the agent was removed before the container that was to mount it held it. */
export class AgentGone extends RoseError<'CONTAINER_FAILED'> {
  constructor() {
    super('CONTAINER_FAILED', 'The volume with the agent was removed while a container was made.');
  }
}

/** @throws AgentGone when the engine made an empty one in its place, for the container that was to mount it. */
export async function requireAgent(docker: Docker, name: string): Promise<void> {
  const found = docker.getVolume(name);
  if (!isOurs(await callEngine('look for a volume', LOOK_MS, (abortSignal) => found.inspect({ abortSignal }))))
    throw new AgentGone();
}

/** One that the engine made because a container named it has no label. */
function isOurs(volume: { Labels: Record<string, string> | null }): boolean {
  return volume.Labels?.[LABEL.agent] !== undefined;
}

/** `complete` is made last: what a killed one began is begun again. */
const FILL = `
set -eu
[ ! -e /mnt/complete ] || exit 0
mkdir -p /mnt/bin /mnt/lib
cp -a ${AGENT_FOLDER}/agent ${AGENT_FOLDER}/cache /mnt/
node=$(readlink -f "$(command -v node)")
cp "$node" /mnt/bin/node
natives=$(find ${AGENT_FOLDER}/agent -name '*.node')
for file in "$node" $natives; do ldd "$file" 2> /dev/null || true; done |
  sed -n 's/.*=> \\(\\/[^ ]*\\) .*/\\1/p' | sort -u | while read -r library; do cp -L "$library" /mnt/lib/; done
cp -L "$(ldd "$node" | sed -n 's/^[[:space:]]*\\(\\/[^ ]*ld-[^ ]*\\) .*/\\1/p')" /mnt/lib/ld.so
sync
touch /mnt/complete
`;
