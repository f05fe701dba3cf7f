import type { DirectoryEntry } from '@rose/contract';
import { defineCommand } from '../command.ts';
import { escapeName } from '../output/escape.ts';
import { entryJson } from '../output/json.ts';
import { table } from '../output/table.ts';
import { bytesText, modeText, timeText } from '../output/units.ts';
import { allEntries } from '../pages.ts';
import { findProject, parseVersionReference } from '../reference.ts';

export const command = defineCommand({
  usage: 'ls P[@VERSION] [PATH]',
  summary: 'List a directory of the live workspace or of a version.',
  positionals: ['P', '[PATH]'],
  async run(cli, { positionals }) {
    const [reference, path = ''] = positionals as [string, string | undefined];
    const { project, version } = parseVersionReference(reference);
    const projectId = await findProject(cli, project);
    const { files } = cli.rose.workspace(projectId);
    const entries = await allEntries((page) =>
      version === undefined
        ? files.list.query({ path, ...page }, cli.options)
        : cli.rose.versions.tree.query({ projectId, version, path, ...page }, cli.options),
    );
    await cli.print(entries.map(entryJson), entries.length === 0 ? '' : entriesText(entries));
  },
});

function entriesText(entries: DirectoryEntry[]): string {
  const rows = entries.map(({ name, kind, mode, size, mtimeNs }) => [
    modeText(kind, mode),
    kind === 'file' ? bytesText(size) : '-',
    timeText(new Date(Number(BigInt(mtimeNs) / 1_000_000n))),
    escapeName(name) + (kind === 'directory' ? '/' : ''),
  ]);
  return table([{ title: 'MODE' }, { title: 'SIZE', align: 'right' }, { title: 'CHANGED' }, { title: 'NAME' }], rows);
}
