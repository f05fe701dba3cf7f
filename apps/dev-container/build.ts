import { cpSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { rolldown } from 'rolldown';

/**
 * Bundles the agent into dist/: agent.mjs, its threads beside it, and koffi and node-pty with their
 * natives for Linux, which cannot be bundled. What lies in dist/ is all that a dev container needs.
 */

const root = import.meta.dirname;
const modules = path.join(root, '../../node_modules');
const dist = path.join(root, 'dist');
/** Built beside and moved in, so that an orchestrator which starts meanwhile finds the old one or the new. */
const fresh = `${dist}.${process.pid}`;
const entries = {
  agent: path.join(root, 'src/main.ts'),
  'snapshot-worker': path.join(root, 'src/snapshot/worker.ts'),
  'search-thread': path.join(root, 'src/search/search-thread.ts'),
};
const nodeHttp = path.join(root, 'src/node-http.ts');

const bundle = await rolldown({
  input: entries,
  platform: 'node',
  external: ['koffi', '@lydell/node-pty'],
  resolve: { alias: { http: nodeHttp, 'node:http': nodeHttp } },
  logLevel: 'warn',
});
await bundle.write({
  dir: fresh,
  format: 'esm',
  entryFileNames: '[name].mjs',
  chunkFileNames: 'chunk-[hash].mjs',
  minify: true,
  comments: false,
});
copyKoffi();
copyNodePty();
rmSync(dist, { recursive: true, force: true });
renameSync(fresh, dist);

function copyNodePty(): void {
  const target = path.join(fresh, 'node_modules/@lydell');
  for (const name of readdirSync(path.join(modules, '@lydell')).filter((entry) =>
    /^node-pty(-linux-.*)?$/.test(entry),
  )) {
    cpSync(path.join(modules, '@lydell', name), path.join(target, name), { recursive: true });
  }
}

function copyKoffi(): void {
  const target = path.join(fresh, 'node_modules');
  mkdirSync(path.join(target, '@koromix'), { recursive: true });
  cpSync(path.join(modules, 'koffi'), path.join(target, 'koffi'), { recursive: true, filter: isNeeded });
  for (const name of readdirSync(path.join(modules, '@koromix')).filter((entry) => entry.startsWith('koffi-linux-'))) {
    cpSync(path.join(modules, '@koromix', name), path.join(target, '@koromix', name), { recursive: true });
  }
}

/** koffi's JavaScript and licence; not its C++ source, documentation and vendored headers. */
function isNeeded(file: string): boolean {
  if (statSync(file).isDirectory()) return !/\/koffi\/(doc|vendor)$/.test(file);
  return /\.js$|\/package\.json$|LICENSE/.test(file);
}
