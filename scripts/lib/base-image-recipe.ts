import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { z } from 'zod';

/** What people expect in a dev container, and what agent and native npm packages need. */
const PACKAGES = (
  'bash coreutils ca-certificates curl git jq less openssh-client patch procps ripgrep unzip vim xz-utils zip ' +
  'python3 python3-pip python3-venv gcc g++ make'
).split(' ');

export interface BaseImageRecipe {
  tag: string;
  packages: string[];
  /** Debian's release name, of the host and so of the image. */
  codename: string;
  /** Folder of the platform package that holds Node itself. */
  nodeFolder: string;
  npmVersion: string;
}

const ROOT = path.resolve(import.meta.dirname, '../..');
/** The files that decide what comes out: a change to one of them makes another image. */
const RECIPE_FILES = ['base-image-recipe.ts', 'base-image-build.ts', 'base-image-sources.ts'];

/** @throws Error when the host is no Debian, or the pinned Node is not installed. */
export async function baseImageRecipe(): Promise<BaseImageRecipe> {
  const manifest = z
    .object({ packageManager: z.string().startsWith('npm@'), optionalDependencies: z.record(z.string(), z.string()) })
    .parse(JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8')));
  const nodePackage = `node-${process.platform}-${process.arch}`;
  const nodeVersion = manifest.optionalDependencies[nodePackage];
  if (process.platform !== 'linux' || nodeVersion === undefined) {
    throw new Error(`A base image can be made on Linux x64 or arm64, not on ${process.platform} ${process.arch}.`);
  }
  const npmVersion = manifest.packageManager.slice('npm@'.length);
  const codename = await debianCodename();
  const hash = createHash('sha256').update(JSON.stringify([nodePackage, nodeVersion, npmVersion, codename]));
  for (const file of RECIPE_FILES) hash.update(await readFile(path.join(import.meta.dirname, file)));
  return {
    tag: `rose-base:${hash.digest('hex').slice(0, 16)}`,
    packages: PACKAGES,
    codename,
    nodeFolder: path.dirname(createRequire(import.meta.url).resolve(`${nodePackage}/package.json`)),
    npmVersion,
  };
}

async function debianCodename(): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const codename = /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(release)?.[1];
  if (!/^ID="?debian"?$/m.test(release) || codename === undefined) {
    throw new Error('A base image is made from the packages of a Debian host, and this is none. Set ROSE_BASE_IMAGE.');
  }
  return codename;
}
