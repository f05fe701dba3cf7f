import { existsSync, lstatSync, readlinkSync } from 'node:fs';

/** What a dev container sees, in the order in which it is put there. */
export type Entry =
  | { kind: 'read-only' | 'writable'; source: string; target: string }
  | { kind: 'link'; to: string; target: string }
  | { kind: 'directory'; target: string };

/** Host paths of what is put into a sandbox. */
export interface Sources {
  volume: string;
  in: string;
  out: string;
  node: string;
  agentDir: string;
  etc: string;
  caBundle: string | null;
}

/** Paths inside. */
export const INSIDE_PATHS = {
  home: '/home/dev',
  in: '/run/rose/in',
  out: '/run/rose/out',
  node: '/opt/rose/node/bin/node',
  agentDir: '/opt/rose/agent',
  caBundle: '/opt/rose/ca.pem',
} as const;

/**
 * What of the host's /etc is shown: who may sign certificates, which of several programs a name
 * means, where libraries lie. Nothing that tells of the host's users, network or services.
 */
export const SHOWN_OF_ETC = [
  '/etc/ssl/certs',
  '/etc/ssl/openssl.cnf',
  '/etc/pki/tls/certs',
  '/etc/pki/ca-trust/extracted',
  '/etc/ca-certificates/extracted',
  '/etc/alternatives',
  '/etc/ld.so.cache',
];

/** The tree of a dev container, without /proc, /dev and /tmp, which each sandbox makes in its way. */
export function containerTree(sources: Sources): Entry[] {
  const readOnly = (source: string, target = source): Entry => ({ kind: 'read-only', source, target });
  const writable = (source: string, target: string): Entry => ({ kind: 'writable', source, target });
  return [
    readOnly('/usr'),
    ...['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'].filter(existsSync).map(linkOrBind),
    readOnly(sources.etc, '/etc'),
    ...SHOWN_OF_ETC.filter(existsSync).map((path) => readOnly(path)),
    { kind: 'directory', target: '/var' },
    { kind: 'link', to: '../tmp', target: '/var/tmp' },
    readOnly(sources.node, INSIDE_PATHS.node),
    readOnly(sources.agentDir, INSIDE_PATHS.agentDir),
    ...(sources.caBundle ? [readOnly(sources.caBundle, INSIDE_PATHS.caBundle)] : []),
    writable(sources.volume, INSIDE_PATHS.home),
    readOnly(sources.in, INSIDE_PATHS.in),
    writable(sources.out, INSIDE_PATHS.out),
  ];
}

/** Since the merge of /usr these are links on most systems. */
function linkOrBind(path: string): Entry {
  if (lstatSync(path).isSymbolicLink()) return { kind: 'link', to: readlinkSync(path), target: path };
  return { kind: 'read-only', source: path, target: path };
}
