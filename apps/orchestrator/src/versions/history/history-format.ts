import { messageSchema, VERSION_KINDS } from '@rose/contract';
import { fromText, SAVE_FRAME } from '@rose/snapshot';
import { z } from 'zod';

/** A project's whole history as one file (docs/store.md §11): frames, the first of them the header. */
export const HISTORY_FRAME = {
  /** As in a save: each object once, what it names before it. */
  chunk: SAVE_FRAME.chunk,
  tree: SAVE_FRAME.tree,
  list: SAVE_FRAME.list,
  treeList: SAVE_FRAME.treeList,
  /** JSON HistoryHeader. */
  header: 16,
  /** JSON HistoryVersion, behind its objects; numbers ascend. */
  version: 17,
  /** JSON HistoryEnd; without it the file is cut. */
  end: 18,
} as const;

export const HISTORY_FORMAT = 'rose-history';

const path = z.string().max(65_536).refine(isPath, 'It names a path that no file can have.');

export const headerSchema = z.object({
  format: z.literal(HISTORY_FORMAT),
  formatVersion: z.literal(1),
  project: z.object({ name: z.string(), description: z.string() }),
  exportedAt: z.string(),
});
export type HistoryHeader = z.infer<typeof headerSchema>;

export const versionSchema = z.object({
  number: z.number().int().min(1).max(2_147_483_647),
  message: messageSchema,
  kind: z.enum(VERSION_KINDS),
  /** E-mail, for people: accounts are those of another installation. */
  author: z.string().nullable(),
  createdAt: z.iso.datetime(),
  active: z.boolean(),
  pinned: z.boolean(),
  root: z.string().regex(/^[0-9a-f]{64}$/),
  rootMtimeNs: z
    .string()
    .regex(/^-?\d{1,19}$/)
    .refine((text) => BigInt.asIntN(64, BigInt(text)) === BigInt(text), 'It has a time out of range.'),
  durationMs: z.number().int().min(0).max(2_147_483_647),
  changed: z.array(path).max(1000),
  skipped: z.array(z.object({ path, reason: z.string().regex(/^[ -~]{0,200}$/) })).max(1000),
});
export type HistoryVersion = z.infer<typeof versionSchema>;

export const endSchema = z.object({
  versions: z.number(),
  objects: z.number(),
  /** Of every byte before this frame, hex. */
  sha256: z.string(),
});
export type HistoryEnd = z.infer<typeof endSchema>;

function isPath(text: string): boolean {
  try {
    return !fromText(text).includes('\0');
  } catch {
    return false;
  }
}
