import { USER_DEFAULTS } from '@rose/contract';
import type { PrismaClient } from '../drivers/database/generated/client.ts';

/** A sparse document as it is stored: it may hold keys of another release. */
export type StoredSettings = Record<string, unknown>;

export interface StoredUserSettings {
  theme: string;
  settings: StoredSettings;
}

const NOTHING: StoredSettings = {};

/** Each change is one statement on one row: of two at once, both survive. */
export class SettingsRepository {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  async ofUser(userId: number): Promise<StoredUserSettings> {
    const row = await this.#prisma.userSettings.findUnique({ where: { userId } });
    return row === null
      ? { theme: USER_DEFAULTS.theme, settings: NOTHING }
      : { ...row, settings: asDocument(row.settings) };
  }

  async ofProject(projectId: number): Promise<StoredSettings> {
    const row = await this.#prisma.projectSettings.findUnique({ where: { projectId } });
    return asDocument(row?.settings);
  }

  /** The theme has a column of its own; the document says that it was set. */
  async mergeUser(userId: number, values: StoredSettings & { theme?: string }): Promise<void> {
    const theme = values.theme ?? null;
    await this.#prisma.$executeRaw`
      INSERT INTO "UserSettings" ("userId", "theme", "settings")
      VALUES (${userId}, COALESCE(${theme}, ${USER_DEFAULTS.theme}), ${JSON.stringify(values)}::jsonb)
      ON CONFLICT ("userId") DO UPDATE SET
        "theme" = COALESCE(${theme}, "UserSettings"."theme"),
        "settings" = "UserSettings"."settings" || EXCLUDED."settings"`;
  }

  async removeUserKey(userId: number, key: string): Promise<void> {
    await this.#prisma.$executeRaw`
      UPDATE "UserSettings" SET
        "theme" = CASE WHEN ${key} = 'theme' THEN ${USER_DEFAULTS.theme} ELSE "theme" END,
        "settings" = "settings" - ${key}
      WHERE "userId" = ${userId}`;
  }

  async mergeProject(projectId: number, values: StoredSettings): Promise<void> {
    await this.#prisma.$executeRaw`
      INSERT INTO "ProjectSettings" ("projectId", "settings")
      VALUES (${projectId}, ${JSON.stringify(values)}::jsonb)
      ON CONFLICT ("projectId") DO UPDATE SET "settings" = "ProjectSettings"."settings" || EXCLUDED."settings"`;
  }

  async removeProjectKey(projectId: number, key: string): Promise<void> {
    await this.#prisma.$executeRaw`
      UPDATE "ProjectSettings" SET "settings" = "settings" - ${key} WHERE "projectId" = ${projectId}`;
  }

  async ownerOf(projectId: number): Promise<number | null> {
    const row = await this.#prisma.project.findUnique({ where: { id: projectId }, select: { ownerId: true } });
    return row?.ownerId ?? null;
  }
}

function asDocument(json: unknown): StoredSettings {
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? { ...json } : NOTHING;
}
