import type Docker from 'dockerode';
import type { ImageInspectInfo } from 'dockerode';
import { callEngine, statusOf } from './calls.ts';

const TAG_MS = 30_000;
/** So many times is the use of an image noted before it would count as unused. */
const NOTES = 7;

/** The name of an image that RoSE builds. */
export interface OwnName {
  repository: string;
  key: string;
}

export function tagOf({ repository, key }: OwnName): string {
  return `${repository}:${key}`;
}

/**
 * Notes at the engine that an image is in use, for all installations that share it: a tag that is given anew tells
 * the time. That one asleep, of which there is no container, uses an image can be seen from nothing else.
 * @param keepMs how long an image stays of which nothing was noted
 * @returns false when it was removed meanwhile
 */
export async function noteUse(
  docker: Docker,
  image: ImageInspectInfo,
  name: OwnName,
  keepMs: number,
): Promise<boolean> {
  if (Date.now() - lastUse(image) < keepMs / NOTES) return true;
  try {
    await callEngine('tag an image', TAG_MS, (abortSignal) =>
      docker.getImage(image.Id).tag({ repo: name.repository, tag: name.key, abortSignal }),
    );
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw error;
  }
}

/** Whether nothing was noted of it for so long that nobody can mean to use it. */
export function isUnused(image: ImageInspectInfo, keepMs: number): boolean {
  return Date.now() - lastUse(image) >= keepMs;
}

/** Ms since 1970. Engines that do not tell when it was tagged tell when it was built. */
function lastUse(image: ImageInspectInfo): number {
  // The types lag behind.
  const { LastTagTime } = (image as { Metadata?: { LastTagTime?: string } }).Metadata ?? {};
  return Math.max(Date.parse(image.Created), Date.parse(LastTagTime ?? '') || 0);
}
