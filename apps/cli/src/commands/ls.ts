import type { DirectoryEntry } from '@rose/contract';
import type { Cli } from '../cli.ts';
import { defineCommand } from '../command.ts';
import { escapeName } from '../output/escape.ts';
import { entryJson } from '../output/json.ts';
import { table } from '../output/table.ts';
import { bytesText, modeText, timeText } from '../output/units.ts';
import { findProject, parseVersionReference } from '../reference.ts';

const PAGE = 5000;

export const command = defineCommand({
  usage: 'ls P[@VERSION] [PATH]',
  summary: 'List a directory of the live workspace or of a version.',
  positionals: ['P', '[PATH]'],
  async run(cli, { positionals }) {
    const [reference, path = ''] = positionals as [string, string | undefined];
    const { project, version } = parseVersionReference(reference);
    const projectId = await findProject(cli, project);
    const entries =
      version === undefined
        ? await listLive(cli, projectId, path)
        : await cli.rose.versions.tree.query({ projectId, version, path }, cli.options);
    await cli.print(entries.map(entryJson), entries.length === 0 ? '' : entriesText(entries));
  },
});

async function listLive(cli: Cli, projectId: number, path: string): Promise<DirectoryEntry[]> {
  const { list } = cli.rose.workspace(projectId).files;
  const entries: DirectoryEntry[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: { entries: DirectoryEntry[]; next: string | null } = await list.query(
      { path, cursor, limit: PAGE },
      cli.options,
    );
    entries.push(...page.entries);
    cursor = page.next;
  }
  return entries;
}

function entriesText(entries: DirectoryEntry[]): string {
  const rows = entries.map(({ name, kind, mode, size, mtimeNs }) => [
    modeText(kind, mode),
    kind === 'file' ? bytesText(size) : '-',
    timeText(new Date(Number(BigInt(mtimeNs) / 1_000_000n))),
    escapeName(name) + (kind === 'directory' ? '/' : ''),
  ]);
  return table([{ title: 'MODE' }, { title: 'SIZE', align: 'right' }, { title: 'CHANGED' }, { title: 'NAME' }], rows);
}
