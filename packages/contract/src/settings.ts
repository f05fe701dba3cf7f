import { z } from 'zod';
import { imageNameSchema } from './dev-container-file.ts';
import { projectIdSchema } from './projects.ts';
import { storable } from './text.ts';

/**
 * Settings are sparse JSON documents: only what was set is stored. A project's value
 * overrides the user's, which overrides the installation's default.
 */

const minutes = z.number().int().min(1).max(10_080);
const count = z.number().int().min(0).max(10_000);

/** Keys that a user and a project both have. */
const shared = {
  autosaveMinutes: z
    .number()
    .int()
    .min(0)
    .max(1440)
    .describe('Auto-save after this many minutes while something changed; 0 = never'),
  idlePauseMinutes: minutes.describe('Pause the dev container after this many idle minutes'),
  idleStopMinutes: minutes.describe('Save and stop the dev container after this many idle minutes'),
  retentionLast: count.describe('Checkpoints kept in any case'),
  retentionHourly: count.describe('Hours of which one checkpoint is kept'),
  retentionDaily: count.describe('Days of which one checkpoint is kept'),
  retentionWeekly: count.describe('Weeks of which one checkpoint is kept'),
};

export const userSettingsSchema = z.strictObject({
  theme: z.enum(['dark', 'light', 'system']),
  editorFontSize: z.number().int().min(8).max(40),
  editorTabSize: z.number().int().min(1).max(16),
  ...shared,
});

export const projectSettingsSchema = z.strictObject({
  ...shared,
  memoryMiB: z.number().int().min(256).max(1_048_576).describe('Memory limit of the dev container'),
  cpus: z.number().min(0.1).max(256).describe('CPU limit of the dev container'),
  pids: z.number().int().min(256).max(32_768).describe('Process limit of the dev container'),
  diskMiB: z
    .number()
    .int()
    .min(0)
    .max(16_777_216)
    .describe('Limit of the files of the dev container, workspace and home, and of their number: 64 per MiB; 0 = none'),
  egress: z.enum(['public', 'allow-list', 'none']).describe('Which hosts the container may reach'),
  egressAllow: z
    .array(storable(z.string().min(1).max(253)))
    .max(1000)
    .describe('Host names for egress = allow-list; *.name for subdomains'),
  environment: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/), storable(z.string().max(32_768)))
    .describe('Environment of commands'),
  image: z
    .union([z.literal(''), imageNameSchema])
    .describe('Image of the dev container, from its next start; empty = what devcontainer.json names, else RoSE’s own'),
  devContainerFile: z
    .enum(['follow', 'ignore'])
    .describe('What to do with .devcontainer/devcontainer.json of the workspace'),
  preSaveCommand: storable(z.string().max(4096)).describe('Shell command run before each save; empty = none'),
  preSaveSeconds: z.number().int().min(1).max(3600).describe('Time limit of preSaveCommand'),
});

export type UserSettings = z.infer<typeof userSettingsSchema>;
export type ProjectSettings = z.infer<typeof projectSettingsSchema>;

/** The installation's values: what holds where nobody set anything. */
export const USER_DEFAULTS: UserSettings = {
  theme: 'dark',
  editorFontSize: 14,
  editorTabSize: 2,
  autosaveMinutes: 5,
  idlePauseMinutes: 10,
  idleStopMinutes: 60,
  retentionLast: 10,
  retentionHourly: 24,
  retentionDaily: 14,
  retentionWeekly: 8,
};

export const PROJECT_DEFAULTS: Omit<ProjectSettings, keyof typeof shared> = {
  memoryMiB: 2048,
  cpus: 2,
  pids: 1024,
  diskMiB: 20_480,
  egress: 'public',
  egressAllow: [],
  environment: {},
  image: '',
  devContainerFile: 'follow',
  preSaveCommand: '',
  preSaveSeconds: 60,
};

export type SettingSource = 'installation' | 'user' | 'project';

/** Each setting with its value and where the value came from. */
export type SettingsView<T> = { [K in keyof T]: { value: T[K]; source: SettingSource } };

export type UserSettingKey = keyof UserSettings;
export type ProjectSettingKey = keyof ProjectSettings;
export const USER_SETTING_KEYS = Object.keys(userSettingsSchema.shape) as UserSettingKey[];
export const PROJECT_SETTING_KEYS = Object.keys(projectSettingsSchema.shape) as ProjectSettingKey[];

/** Sets the values that are given and leaves the others. */
export const updateUserSettingsInput = z.strictObject({ values: userSettingsSchema.partial() });
export const updateProjectSettingsInput = z.strictObject({
  projectId: projectIdSchema,
  values: projectSettingsSchema.partial(),
});
/** Takes a value back to where it would come from. */
export const resetUserSettingInput = z.strictObject({ key: z.enum(USER_SETTING_KEYS) });
export const resetProjectSettingInput = z.strictObject({
  projectId: projectIdSchema,
  key: z.enum(PROJECT_SETTING_KEYS),
});
