import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { RoseError } from '@rose/contract';
import { SHOWN_OF_ETC } from './tree.ts';

/** Host paths of what every sandbox of an installation shares, readable for any uid. */
export interface Parts {
  node: string;
  agentDir: string;
  /** Content key of the agent. */
  agentBuild: string;
  etc: string;
  caBundle: string | null;
}

/** Where distributions keep the certificates that they trust, in one file. */
const SYSTEM_CAS = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/cert.pem'];

const ETC = {
  passwd:
    'root:x:0:0:root:/nonexistent:/usr/sbin/nologin\n' +
    'dev:x:1000:1000:dev:/home/dev:/bin/bash\n' +
    'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n',
  group: 'root:x:0:\ndev:x:1000:\nnogroup:x:65534:\n',
  hosts: '127.0.0.1 localhost dev\n::1 localhost\n',
  hostname: 'dev\n',
  'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files\n',
  'resolv.conf': '# Names are resolved by the egress proxy.\n',
};

/**
 * Lays the shared parts out below `<dataDir>/sandbox`. The agent is copied: a later build must not
 * change what running containers see, and a clone under umask 077 could not be read by their uids.
 * @throws RoseError RUNTIME_UNAVAILABLE when the agent was not built.
 */
export async function layOutParts(options: {
  dataDir: string;
  agentDir: string;
  node: string;
  extraCaFile: string | null;
}): Promise<Parts> {
  const folder = path.join(options.dataDir, 'sandbox');
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o755);
  const agent = await readAgent(options.agentDir);
  const agentDir = path.join(folder, `agent-${agent.key}`);
  await layOut(agentDir, agent.files);
  return {
    node: await readableNode(options.node, folder),
    agentDir,
    agentBuild: agent.key,
    etc: await layOutEtc(folder),
    caBundle: options.extraCaFile && (await bundleCertificates(options.extraCaFile, folder)),
  };
}

async function readAgent(agentDir: string): Promise<{ key: string; files: Map<string, Buffer> }> {
  const entries = await readdir(agentDir, { recursive: true, withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  const files = new Map<string, Buffer>();
  const hash = createHash('sha256');
  for (const name of names.toSorted()) {
    const content = await readFile(name);
    const relative = path.relative(agentDir, name);
    files.set(relative, content);
    hash.update(`${relative}\0${content.length}\0`).update(content);
  }
  if (!files.has('agent.mjs')) {
    throw new RoseError('RUNTIME_UNAVAILABLE', 'The agent is not built. Run "npm run build" first.');
  }
  return { key: hash.digest('hex').slice(0, 24), files };
}

/** Whole or not at all; what is there already stays. */
async function layOut(folder: string, files: Map<string, Buffer | string>): Promise<void> {
  if (existsSync(folder)) return;
  const staging = await mkdtemp(`${folder}-new-`);
  await chmod(staging, 0o755);
  for (const [name, content] of files) {
    const target = path.join(staging, name);
    for (let parent = path.dirname(name); parent !== '.'; parent = path.dirname(parent)) {
      await mkdir(path.join(staging, parent), { recursive: true });
      await chmod(path.join(staging, parent), 0o755);
    }
    await writeFile(target, content);
    await chmod(target, 0o755);
  }
  await rename(staging, folder).catch(async (error: unknown) => {
    await rm(staging, { recursive: true });
    if (!existsSync(folder)) throw error;
  });
}

/** With a mount point for each thing that is shown of the host's /etc. */
async function layOutEtc(folder: string): Promise<string> {
  const files = new Map<string, string>(Object.entries(ETC));
  for (const shown of SHOWN_OF_ETC.filter(existsSync)) {
    const point = path.relative('/etc', shown);
    files.set((await stat(shown)).isDirectory() ? path.join(point, '.rose') : point, '');
  }
  const key = createHash('sha256')
    .update(JSON.stringify([...files]))
    .digest('hex')
    .slice(0, 24);
  const etc = path.join(folder, `etc-${key}`);
  await layOut(etc, files);
  return etc;
}

async function readableNode(node: string, folder: string): Promise<string> {
  const { mode, size, mtimeMs } = await stat(node);
  if ((mode & 0o005) === 0o005) return node;
  const copy = path.join(folder, `node-${size}-${Math.floor(mtimeMs)}`);
  if (!existsSync(copy)) {
    await copyFile(node, `${copy}.new`);
    await chmod(`${copy}.new`, 0o755);
    await rename(`${copy}.new`, copy);
  }
  return copy;
}

/** Most tools take one bundle instead of their own, so it must hold the system's certificates too. */
export async function bundleCertificates(extraCaFile: string, folder: string): Promise<string> {
  const system = SYSTEM_CAS.find((file) => existsSync(file) && file !== extraCaFile);
  const bundle = path.join(folder, 'ca.pem');
  const parts = await Promise.all([extraCaFile, ...(system ? [system] : [])].map((file) => readFile(file, 'utf8')));
  await writeFile(`${bundle}.new`, parts.join('\n'));
  await chmod(`${bundle}.new`, 0o644);
  await rename(`${bundle}.new`, bundle);
  return bundle;
}
