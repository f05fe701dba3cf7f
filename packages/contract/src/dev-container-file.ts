import { z } from 'zod';
import { projectIdSchema } from './projects.ts';

/** NAME, NAME:TAG or NAME@DIGEST, the registry in front if there is one. */
export const imageNameSchema = z
  .string()
  .max(255)
  .regex(
    /^[a-z0-9][\w.-]*(:\d{1,5})?(\/[a-z0-9][\w.-]*)*(:\w[\w.-]{0,127})?(@[a-z0-9]+:[0-9a-f]{32,})?$/i,
    'is no image’s name',
  );

/** Where a workspace may have such a file; the first one counts. */
export const DEV_CONTAINER_FILES = ['.devcontainer/devcontainer.json', '.devcontainer.json'] as const;

/** What RoSE takes from a devcontainer.json (containers.dev). */
export const devContainerFileSchema = z.object({
  path: z.string(),
  /** null: it names none. */
  image: imageNameSchema.nullable(),
  /** containerEnv, and remoteEnv on top. */
  environment: z.record(z.string(), z.string()),
  /** Each an argv; they run at the same time. */
  postCreateCommand: z.array(z.array(z.string())),
  forwardPorts: z.array(z.number()),
  /** A sentence for each part that was not taken. */
  problems: z.array(z.string()),
});
export type DevContainerFile = z.infer<typeof devContainerFileSchema>;

/** How far the command is that a devcontainer.json wants once for each image and workspace. */
export interface PostCreate {
  state: 'running' | 'done' | 'failed';
  /** The end of what it wrote. */
  output: string;
}

export const startLinesInput = z.strictObject({
  projectId: projectIdSchema,
  /** Begin with what the last start told so far; else only what is told from now on. */
  fromStart: z.boolean().default(true),
});

/** A line of what starting a dev container tells: pulls, builds, what postCreateCommand writes. */
export interface StartLine {
  line: string;
}
