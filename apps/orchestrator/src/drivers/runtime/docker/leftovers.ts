import type Docker from 'dockerode';
import { agentVolumeName } from './agent-volume.ts';
import { callEngine, statusOf } from './calls.ts';
import { findImage } from './find-image.ts';
import { isUnused, tagOf } from './image-use.ts';
import type { DevImageOptions } from './image.ts';
import { LABEL } from './names.ts';

const LIST_MS = 30_000;
const REMOVE_MS = 120_000;

/**
 * Removes RoSE's own images of earlier builds that no container of anybody and no installation uses. What was built
 * on them keeps what it needs; images that others made, pulled or tagged otherwise are none of these.
 * @param current key of the one that is in use here
 * @returns the names of those that were removed
 */
export async function removeUnusedImages(
  docker: Docker,
  { repository, keepMs }: Pick<DevImageOptions, 'repository' | 'keepMs'>,
  current: string,
  signal: AbortSignal,
): Promise<string[]> {
  const filters = { label: [LABEL.image] };
  const images = await callEngine('list images', LIST_MS, () => docker.listImages({ filters }), signal);
  const used = await imagesOfContainers(docker, signal);
  const removed: string[] = [];
  for (const { Id, Labels, RepoTags } of images) {
    const key = Labels?.[LABEL.image] ?? '';
    const tag = tagOf({ repository, key });
    // What somebody built on one has its label and another name.
    if (key === current || used.has(Id) || !(RepoTags ?? []).includes(tag)) continue;
    const image = await findImage(docker, tag, signal);
    if (image === null || !isUnused(image, keepMs)) continue;
    if (await isRemoved('remove an image', () => docker.getImage(tag).remove(), signal)) removed.push(tag);
  }
  return removed;
}

/**
 * Removes the volumes with the agent of earlier builds: nobody can use one whose image is gone.
 * @param current as of removeUnusedImages
 * @returns the names of those that were removed
 */
export async function removeUnusedAgentVolumes(
  docker: Docker,
  repository: string,
  current: string,
  signal: AbortSignal,
): Promise<string[]> {
  const filters = { label: [LABEL.agent] };
  const { Volumes } = await callEngine('list volumes', LIST_MS, () => docker.listVolumes({ filters }), signal);
  const removed: string[] = [];
  for (const { Name, Labels } of Volumes ?? []) {
    const key = Labels[LABEL.agent] ?? '';
    if (key === current || Name !== agentVolumeName(key)) continue;
    if ((await findImage(docker, tagOf({ repository, key }), signal)) !== null) continue;
    if (await isRemoved('remove a volume', () => docker.getVolume(Name).remove(), signal)) removed.push(Name);
  }
  return removed;
}

async function imagesOfContainers(docker: Docker, signal: AbortSignal): Promise<Set<string>> {
  const all = await callEngine('list containers', LIST_MS, () => docker.listContainers({ all: true }), signal);
  return new Set(all.map(({ ImageID }) => ImageID));
}

/** Never by force: what somebody has begun to use meanwhile the engine keeps. */
async function isRemoved(deed: string, remove: () => Promise<unknown>, signal: AbortSignal): Promise<boolean> {
  try {
    await callEngine(deed, REMOVE_MS, remove, signal);
    return true;
  } catch (error) {
    if (statusOf(error) === 404 || statusOf(error) === 409) return false;
    throw error;
  }
}
