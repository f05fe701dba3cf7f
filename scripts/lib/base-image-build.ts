import { execFile, spawn } from 'node:child_process';
import { access, constants, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { freemem, tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { engine, exitCode } from './base-image-engine.ts';
import type { BaseImageRecipe } from './base-image-recipe.ts';
import { aptSources } from './base-image-sources.ts';

const run = promisify(execFile);

/** The unpacked system and its tar; on a tmpfs that saves two thirds of the time. */
const TMPFS_BYTES = 4 * 1024 ** 3;

const CONFIG = ['ENV PATH=/usr/local/bin:/usr/bin:/bin', 'ENV LANG=C.UTF-8', 'CMD ["bash"]'];

/** What an image needs of the host, and this host lacks; nothing is installed by itself. */
export async function missingTools(): Promise<string[]> {
  const missing: string[] = [];
  for (const tool of ['mmdebstrap', 'docker', 'tar', 'unshare']) {
    if (!(await isOnPath(tool))) missing.push(tool === 'docker' ? 'docker (the client, package docker.io)' : tool);
  }
  if (missing.length === 0 && !(await engine.answers())) missing.push('an engine that answers (docker version)');
  return missing;
}

async function isOnPath(tool: string): Promise<boolean> {
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    const found = await access(path.join(folder, tool), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}

/**
 * Installs the packages into a folder that exists only for this, adds Node and npm, and
 * imports the whole as one layer.
 * @throws Error when a step fails; no image is left then.
 */
export async function buildBaseImage(recipe: BaseImageRecipe, say: (line: string) => void): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'rose-base-image-'));
  try {
    say(`packing Node ${process.version} and npm ${recipe.npmVersion}`);
    await packNode(recipe, folder);
    await writeFile(path.join(folder, 'apt.conf'), await aptSettings());
    say(`installing ${recipe.packages.length} packages of Debian ${recipe.codename} and what they need`);
    await installAndImport(recipe, folder);
    say(`made ${recipe.tag}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** /usr/local of the image as FOLDER/node.tar. */
async function packNode(recipe: BaseImageRecipe, folder: string): Promise<void> {
  const local = path.join(folder, 'local');
  const modules = path.join(local, 'lib/node_modules');
  await mkdir(modules, { recursive: true });
  await mkdir(path.join(local, 'bin'));
  await run('npm', ['pack', '--silent', `npm@${recipe.npmVersion}`, '--pack-destination', folder], { cwd: folder });
  await run('tar', ['-xzf', path.join(folder, `npm-${recipe.npmVersion}.tgz`), '-C', modules]);
  await run('mv', [path.join(modules, 'package'), path.join(modules, 'npm')]);
  for (const tool of ['npm', 'npx']) {
    await symlink(`../lib/node_modules/npm/bin/${tool}-cli.js`, path.join(local, 'bin', tool));
  }
  // The headers let node-gyp build without a download; those of other processors are most of their size.
  const archs = await readdir(path.join(recipe.nodeFolder, 'include/node/openssl/archs')).catch(() => []);
  const ownArch = process.arch === 'x64' ? 'linux-x86_64' : 'linux-aarch64';
  const foreign = archs
    .filter((arch) => arch !== ownArch)
    .map((arch) => `--exclude=include/node/openssl/archs/${arch}`);
  const owner = ['--owner=0', '--group=0', '--numeric-owner', '--mode=u+rwX,go+rX,go-w'];
  const content = ['-C', recipe.nodeFolder, 'bin/node', 'include', '-C', local, 'bin', 'lib'];
  await run('tar', [...owner, ...foreign, '-cf', path.join(folder, 'node.tar'), ...content]);
}

/** How the host reaches its mirror: proxies and leave to use an old snapshot. */
async function aptSettings(): Promise<string> {
  const keys = ['Acquire::http', 'Acquire::https', 'Acquire::Check-Valid-Until', 'Acquire::Check-Date'];
  const { stdout } = await run('apt-config', ['dump', '--format', '%f "%v";%n', ...keys]);
  return stdout
    .split('\n')
    .filter((line) => keys.some((key) => line.startsWith(key)) && !line.endsWith(' "";'))
    .join('\n');
}

async function installAndImport(recipe: BaseImageRecipe, folder: string): Promise<void> {
  const options = [
    '--quiet',
    '--variant=essential',
    `--include=${recipe.packages.join(',')}`,
    '--dpkgopt=force-unsafe-io',
    '--dpkgopt=path-exclude=/usr/share/{doc,man,locale,info}/*',
    `--aptopt=${path.join(folder, 'apt.conf')}`,
    `--customize-hook=tar-in ${folder}/node.tar /usr/local`,
  ];
  // The packages' sources come on stdin, the image goes to stdout.
  const install = ['mmdebstrap', ...options, recipe.codename, '-', '-'];
  const [command, ...args] = onTmpfs()
    ? ['unshare', '-m', 'sh', '-c', TMPFS_SCRIPT, 'sh', folder, ...install]
    : install;
  const maker = spawn(command!, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: folder },
  });
  maker.stdin.end(await aptSources(recipe.codename));
  const [id, code] = await Promise.all([engine.importImage(maker.stdout, CONFIG), exitCode(maker)]);
  if (code !== 0) {
    await engine.removeImage(id);
    throw new Error(`mmdebstrap ended with code ${code}; its messages are above.`);
  }
  await engine.tag(id, recipe.tag);
}

/** In a mount namespace of its own: the tmpfs goes with the last process, however that ends. */
const TMPFS_SCRIPT = `
set -e
work="$1"; shift
mkdir "$work/system"
mount -t tmpfs -o size=${TMPFS_BYTES},mode=0755 rose "$work/system"
TMPDIR="$work/system" exec "$@"
`;

function onTmpfs(): boolean {
  return process.getuid?.() === 0 && freemem() > 2 * TMPFS_BYTES;
}
