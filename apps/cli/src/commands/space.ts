import { defineCommand } from '../command.ts';
import { table, type Column } from '../output/table.ts';
import { bytesText } from '../output/units.ts';
import { allVersions } from '../pages.ts';
import { findProject } from '../reference.ts';

const COLUMNS: Column[] = [
  { title: 'VERSION', align: 'right' },
  { title: 'KIND' },
  { title: 'SIZE', align: 'right' },
  { title: 'STORED', align: 'right' },
  { title: 'FREES', align: 'right' },
];

export const command = defineCommand({
  usage: 'space P',
  summary: 'Say what the versions of a project cost, and what deleting each of them alone would free.',
  details:
    'SIZE is what the files of a version add up to, STORED the compressed bytes that its base did not hold, FREES\n' +
    'those that no other version needs. Bytes are freed by rose gc, or once a day.',
  positionals: ['P'],
  async run(cli, { positionals }) {
    const projectId = await findProject(cli, positionals[0]!);
    const versions = await allVersions(cli, projectId);
    const {
      ownerBytes,
      projectBytes,
      quotaBytes,
      versions: costs,
    } = await cli.rose.store.space.query({ projectId }, cli.options);
    const freed = new Map(costs.map(({ version, freedBytes }) => [version, freedBytes]));
    const all = versions.map(({ version, kind, logicalBytes, storedBytes }) => {
      return { version, kind, logicalBytes, storedBytes, freedBytes: freed.get(version) ?? 0 };
    });
    const rows = all.map(({ version, kind, logicalBytes, storedBytes, freedBytes }) => {
      return [String(version), kind, bytesText(logicalBytes), bytesText(storedBytes), bytesText(freedBytes)];
    });
    const allowed = quotaBytes === null ? '' : ` of ${bytesText(quotaBytes)}`;
    const sum = `${bytesText(projectBytes)} are this project's alone; ${bytesText(ownerBytes)}${allowed} are stored in all.`;
    await cli.print(
      { ownerBytes, projectBytes, quotaBytes, versions: all },
      [table(COLUMNS, rows), sum].filter((part) => part !== '').join('\n'),
    );
  },
});
