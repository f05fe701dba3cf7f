import { z } from 'zod';
import { projectIdSchema } from './projects.ts';

export const portSchema = z
  .number()
  .int('A port is a number from 1 to 65535.')
  .min(1, 'A port is a number from 1 to 65535.')
  .max(65_535, 'A port is a number from 1 to 65535.');

export const openPreviewInput = z.strictObject({ projectId: projectIdSchema, port: portSchema });
export const sharePreviewInput = z.strictObject({
  projectId: projectIdSchema,
  port: portSchema,
  /** At most 30 days. */
  expiresInSeconds: z.number().int().min(1).max(2_592_000).default(3600),
});
export const revokePreviewInput = z.strictObject({
  projectId: projectIdSchema,
  id: z.number().int().min(1).max(2_147_483_647),
});
export const previewOriginsInput = z.strictObject({
  projectId: projectIdSchema,
  ports: z.array(portSchema).max(1000),
});

/** A TCP port on which something listens in a dev container, where a preview can reach it. */
export interface OpenPort {
  port: number;
  /** What listens, as "node vite"; null when the container does not let itself be asked. */
  process: string | null;
}

/** The way into a preview for who asked, and for nobody else. */
export interface OpenedPreview {
  /** Good for one visit. */
  url: string;
  /** ISO 8601: until then the visit must begin. */
  expiresAt: string;
}

/** Where the preview of a port is; who has not been let in yet is told so there. */
export interface PreviewOrigin {
  port: number;
  /** `http://p12-5173.localhost:4000` */
  origin: string;
}

/** A link that lets anybody look at a preview. */
export interface PreviewLink {
  id: number;
  port: number;
  /** E-mail of who shares it; it ends when he may no longer. */
  sharedBy: string;
  /** ISO 8601. */
  createdAt: string;
  expiresAt: string;
}

/** The only answer that holds the link itself. */
export interface SharedPreview extends PreviewLink {
  url: string;
}
