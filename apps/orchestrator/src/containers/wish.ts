import { isDeepStrictEqual } from 'node:util';
import type { DevContainerFile, ProjectSettings } from '@rose/contract';

/** What a project wants its next container to be. */
export interface Wish {
  /** null: RoSE's own. */
  image: string | null;
  /** Who names the image: a setting is a must, a file in the workspace may be wrong. */
  isMust: boolean;
  environment: Record<string, string>;
}

type Settings = Pick<ProjectSettings, 'image' | 'environment' | 'devContainerFile'>;

/** The project's settings, and under them what its devcontainer.json says. */
export function wishOf(settings: Settings, file: DevContainerFile | null): Wish {
  const followed = settings.devContainerFile === 'follow' ? file : null;
  const environment = { ...followed?.environment, ...settings.environment };
  if (settings.image !== '') return { image: settings.image, isMust: true, environment };
  return { image: followed?.image ?? null, isMust: false, environment };
}

/** Whether the two files ask for different containers. */
export function isOtherWish(
  settings: Settings,
  before: DevContainerFile | null,
  now: DevContainerFile | null,
): boolean {
  return !isDeepStrictEqual(wishOf(settings, before), wishOf(settings, now));
}
