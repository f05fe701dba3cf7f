import path from 'node:path';
import { z } from 'zod';
import { isImagePattern } from './containers/allowed-images.ts';

/** The installation's configuration. This is the only file that reads process.env. */

const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  );

const schema = z.object({
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must start with postgres:// or postgresql://')
    .optional(),
  ROSE_DATA_DIR: z.string().min(1).default('.rose'),
  ROSE_HOST: z.string().min(1).default('127.0.0.1'),
  ROSE_PORT: z.coerce.number().int().min(0).max(65_535).default(4000),
  ROSE_RUNTIME: z.enum(['auto', 'docker', 'process']).default('auto'),
  ROSE_BASE_IMAGE: z.string().min(1).optional(),
  ROSE_PUBLIC_URL: z.url().optional(),
  ROSE_PREVIEW_DOMAIN: z.string().min(1).optional(),
  ROSE_EGRESS_ALLOW: list,
  ROSE_IMAGES: list.refine((all) => all.every(isImagePattern), 'must be names of images, with * for any part of one'),
  ROSE_QUOTA_BYTES: z.coerce.number().int().min(1).optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  DOCKER_HOST: z.string().optional(),
  ROSE_CONTAINER_RUNTIME: z.string().min(1).optional(),
  HTTPS_PROXY: z.string().optional(),
  HTTP_PROXY: z.string().optional(),
  NODE_EXTRA_CA_CERTS: z.string().optional(),
});

export interface Config {
  /** null: the embedded PostgreSQL in the data directory. */
  databaseUrl: string | null;
  /** Absolute. */
  dataDir: string;
  host: string;
  /** 0: any free port. */
  port: number;
  runtime: 'auto' | 'docker' | 'process';
  /** null: the default of apps/dev-container/Dockerfile. */
  baseImage: string | null;
  publicUrl: string | null;
  previewDomain: string | null;
  /** Which images projects may name: see AllowedImages. */
  images: string[];
  /** Private hosts that containers may reach nevertheless. */
  egressAllow: string[];
  /** An upstream proxy that the egress proxy goes through, if any. */
  upstreamProxy: string | null;
  /** A CA bundle that containers must trust too. */
  extraCaFile: string | null;
  dockerHost: string | null;
  /** The engine's runtime for dev containers (runsc, sysbox-runc, kata …); null: its default. */
  containerRuntime: string | null;
  /** Compressed bytes that each account may store; null for no limit. */
  quotaBytes: number | null;
  logLevel: string;
}

/**
 * Reads the configuration from an environment. Empty values count as unset.
 * @throws Error naming the variable and the rule it breaks.
 */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(set);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`The environment is not usable. ${problems.join('; ')}`);
  }
  const env = parsed.data;
  return {
    databaseUrl: env.DATABASE_URL ?? null,
    dataDir: path.resolve(env.ROSE_DATA_DIR),
    host: env.ROSE_HOST,
    port: env.ROSE_PORT,
    runtime: env.ROSE_RUNTIME,
    baseImage: env.ROSE_BASE_IMAGE ?? null,
    publicUrl: env.ROSE_PUBLIC_URL ?? null,
    previewDomain: env.ROSE_PREVIEW_DOMAIN ?? null,
    images: env.ROSE_IMAGES,
    egressAllow: env.ROSE_EGRESS_ALLOW,
    upstreamProxy: env.HTTPS_PROXY ?? env.HTTP_PROXY ?? null,
    extraCaFile: env.NODE_EXTRA_CA_CERTS ?? null,
    dockerHost: env.DOCKER_HOST ?? null,
    containerRuntime: env.ROSE_CONTAINER_RUNTIME ?? null,
    quotaBytes: env.ROSE_QUOTA_BYTES ?? null,
    logLevel: env.LOG_LEVEL,
  };
}
