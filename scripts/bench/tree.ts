import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** The tree that is measured: a real application with its node_modules. */
export interface Workload {
  folder: string;
  files: number;
  bytes: number;
  /** Text files that a test may change. */
  editable: string[];
}

const SKIPPED = /node-linux-(x64|arm64)|\/\.(cache|vite|vitest-cache)(\/|$)/;

/** What the repository's own work leaves at its top. */
const OWN = /^(\.rose|\.git|\.turbo)(\/|$)/;

/** Copies this repository's own node_modules (or `part` of it) and sources. */
export function layOut(root: string, folder: string, part: string | null): Workload {
  const from = part === null ? root : path.join(root, part);
  const isWanted = (file: string): boolean => !SKIPPED.test(file) && !OWN.test(path.relative(from, file));
  cpSync(from, folder, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true, filter: isWanted });
  return measure(folder);
}

export function measure(folder: string): Workload {
  const workload: Workload = { folder, files: 0, bytes: 0, editable: [] };
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const { size } = statSync(file);
    workload.files += 1;
    workload.bytes += size;
    if (/\.(js|ts|md|json)$/.test(entry.name) && size > 1000 && size < 50_000)
      workload.editable.push(path.relative(folder, file));
  }
  return workload;
}

/** Changes `count` files, others each round. */
export function edit(folder: string, editable: readonly string[], count: number, round: number): void {
  for (let index = 0; index < count; index += 1) {
    const file = path.join(folder, editable[(round * 997 + index * 131) % editable.length]!);
    writeFileSync(file, `${readFileSync(file, 'utf8')}\n// round ${round}, edit ${index}\n`);
  }
}

const SMALL_BYTES = 64 * 1024;

/**
 * A tree of `count` small files out of this repository's node_modules. Files that are taken again come with
 * a line of their own, so that no two parts of the tree share their content.
 */
export function layOutFiles(root: string, folder: string, count: number): Workload {
  const from = path.join(root, 'node_modules');
  const sources = readdirSync(from, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !SKIPPED.test(`${entry.parentPath}/`))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => statSync(file).size <= SMALL_BYTES);
  for (let index = 0; index < count; index += 1) {
    const part = Math.floor(index / sources.length);
    const source = sources[index % sources.length]!;
    const target = path.join(folder, `part-${part}`, path.relative(from, source));
    mkdirSync(path.dirname(target), { recursive: true });
    const content = readFileSync(source);
    writeFileSync(target, part === 0 ? content : Buffer.concat([content, Buffer.from(`\n// part ${part}\n`)]));
  }
  return measure(folder);
}
