import type { ProjectSettingKey, SettingSource, UserSettingKey } from '@rose/contract';
import type { Cli } from './cli.ts';

export type View = Record<string, { value: unknown; source: SettingSource }>;

/** Settings of a person or a project; the server says which keys and values there are. */
export interface Settings {
  get(): Promise<View>;
  set(key: string, value: unknown): Promise<View>;
  reset(key: string): Promise<View>;
}

export function userSettings({ rose, options }: Cli): Settings {
  const { user } = rose.settings;
  return {
    get: () => user.get.query(undefined, options),
    set: (key, value) => user.update.mutate({ values: { [key]: value } }, options),
    reset: (key) => user.reset.mutate({ key: key as UserSettingKey }, options),
  };
}

export function projectSettings({ rose, options }: Cli, projectId: number): Settings {
  const { project } = rose.settings;
  return {
    get: () => project.get.query({ projectId }, options),
    set: (key, value) => project.update.mutate({ projectId, values: { [key]: value } }, options),
    reset: (key) => project.reset.mutate({ projectId, key: key as ProjectSettingKey }, options),
  };
}
