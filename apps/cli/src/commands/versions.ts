import { defineCommand } from '../command.ts';
import { escapeText } from '../output/escape.ts';
import { versionJson } from '../output/json.ts';
import { table, type Column } from '../output/table.ts';
import { bytesText, timeText } from '../output/units.ts';
import { allVersions } from '../pages.ts';
import { findProject } from '../reference.ts';

const COLUMNS: Column[] = [
  { title: 'VERSION', align: 'right' },
  { title: 'SAVED' },
  { title: 'KIND' },
  { title: 'FILES', align: 'right' },
  { title: 'SIZE', align: 'right' },
  { title: 'STORED', align: 'right' },
  { title: 'AUTHOR' },
  { title: 'MESSAGE' },
];

export const command = defineCommand({
  usage: 'versions P',
  summary: 'List the versions of a project; * marks the active one.',
  positionals: ['P'],
  async run(cli, { positionals }) {
    const projectId = await findProject(cli, positionals[0]!);
    const versions = await allVersions(cli, projectId);
    const rows = versions.map(
      ({ version, active, createdAt, kind, files, logicalBytes, storedBytes, author, message }) => [
        `${active ? '*' : ''}${version}`,
        timeText(createdAt),
        kind,
        files.toLocaleString('en'),
        bytesText(logicalBytes),
        bytesText(storedBytes),
        escapeText(author ?? '-'),
        escapeText(message),
      ],
    );
    await cli.print(versions.map(versionJson), table(COLUMNS, rows));
  },
});
