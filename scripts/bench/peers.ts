import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from './stopwatch.ts';

/** Another way to keep versions of a tree, measured on the same tree in the same run. */
export interface Peer {
  name: string;
  /** Makes an empty store. */
  init(store: string, tree: string): Promise<void>;
  save(store: string, tree: string): Promise<void>;
  /** Restores the newest version into `target`. */
  load(store: string, target: string): Promise<void>;
  /** Bytes of the store on disk. */
  size(store: string): Promise<number>;
  /** Keeps one version a file, so that a version costs its whole size. */
  keepsWholes?: boolean;
}

async function diskUsage(folder: string): Promise<number> {
  return Number((await run('du', ['-sb', folder])).split('\t')[0]);
}

const RESTIC = { RESTIC_PASSWORD: 'bench', RESTIC_PROGRESS_FPS: '0' };

export const restic: Peer = {
  name: 'restic',
  init: async (store) => void (await run('restic', ['init', '-q', '-r', store], { env: RESTIC })),
  save: async (store, tree) =>
    void (await run('restic', ['backup', '-q', '-r', store, '.'], { cwd: tree, env: RESTIC })),
  load: async (store, target) =>
    void (await run('restic', ['restore', 'latest', '-q', '-r', store, '--target', target], { env: RESTIC })),
  size: diskUsage,
};

const BORG = { BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes', BORG_RELOCATED_REPO_ACCESS_IS_OK: 'yes' };

export const borg: Peer = {
  name: 'borg',
  init: async (store) =>
    void (await run('borg', ['init', '-e', 'none', store], { env: { ...BORG, BORG_BASE_DIR: `${store}.base` } })),
  save: async (store, tree) =>
    void (await run('borg', ['create', `${store}::v{now:%s%f}`, '.'], {
      cwd: tree,
      env: { ...BORG, BORG_BASE_DIR: `${store}.base` },
    })),
  load: async (store, target) => {
    const env = { ...BORG, BORG_BASE_DIR: `${store}.base` };
    const newest = (await run('borg', ['list', '--short', '--last', '1', store], { env })).trim();
    await run('borg', ['extract', `${store}::${newest}`], { cwd: target, env });
  },
  size: diskUsage,
};

const GIT = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
const git = (store: string, tree: string, ...args: string[]): Promise<string> =>
  run(
    'git',
    [
      '-c',
      'user.name=bench',
      '-c',
      'user.email=bench@example.org',
      '-c',
      'core.autocrlf=false',
      '-c',
      'gc.auto=0',
      `--git-dir=${store}`,
      `--work-tree=${tree}`,
      ...args,
    ],
    { env: GIT },
  );

export const gitPeer: Peer = {
  name: 'git add -A && git commit',
  init: async (store, tree) => void (await git(store, tree, 'init', '-q')),
  save: async (store, tree) => {
    await git(store, tree, 'add', '-A', '-f');
    await git(store, tree, 'commit', '-q', '--allow-empty', '-m', 'bench');
  },
  load: async (store, target) => void (await git(store, target, 'checkout', '-q', '-f', 'HEAD', '--', '.')),
  size: diskUsage,
};

/** The way that RoSE's first plan had: one zip a version. */
export const archiver: Peer = {
  name: 'archiver + extract-zip',
  keepsWholes: true,
  init: async (store) => void (await mkdir(store, { recursive: true })),
  save: async (store, tree) => {
    const { ZipArchive } = await import('archiver');
    const zip = new ZipArchive({ zlib: { level: 6 } });
    const out = createWriteStream(path.join(store, 'version.zip'));
    zip.pipe(out);
    zip.directory(tree, false);
    await zip.finalize();
    await finished(out);
  },
  load: async (store, target) => {
    const { default: extract } = await import('extract-zip');
    await extract(path.join(store, 'version.zip'), { dir: target });
  },
  size: diskUsage,
};

export const infoZip: Peer = {
  name: 'zip + unzip',
  keepsWholes: true,
  init: (store, tree) => archiver.init(store, tree),
  save: async (store, tree) => {
    await rm(path.join(store, 'version.zip'), { force: true });
    await run('zip', ['-qry', path.join(store, 'version.zip'), '.'], { cwd: tree });
  },
  load: async (store, target) => void (await run('unzip', ['-qo', path.join(store, 'version.zip'), '-d', target])),
  size: diskUsage,
};

let isSelected = (_name: string): boolean => true;

/** Leaves out the peers whose names hold one of these words: some take half an hour. */
export function leaveOut(words: readonly string[]): void {
  isSelected = (name) => !words.some((word) => name.includes(word));
}

/** Which of the peers this machine has. */
export function installed(): Peer[] {
  return present().filter(({ name }) => isSelected(name));
}

function present(): Peer[] {
  const has = (program: string): boolean =>
    (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(path.join(folder, program)));
  return [
    ...(has('restic') ? [restic] : []),
    ...(has('borg') ? [borg] : []),
    ...(has('git') ? [gitPeer] : []),
    ...(has('zip') && has('unzip') ? [infoZip] : []),
    archiver,
  ];
}
