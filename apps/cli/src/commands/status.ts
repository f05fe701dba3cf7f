import { defineCommand } from '../command.ts';
import { differenceText } from '../output/difference.ts';
import { countText } from '../output/units.ts';
import { wholeStatus } from '../pages.ts';
import { findProject } from '../reference.ts';

export const command = defineCommand({
  usage: 'status P',
  summary: 'Show what changed since the last version.',
  positionals: ['P'],
  async run(cli, { positionals }) {
    const projectId = await findProject(cli, positionals[0]!);
    const { base, changes } = await wholeStatus(cli, projectId);
    const since = base === null ? 'No version yet' : `Since version ${base}`;
    const title =
      changes.length === 0 ? `${since}: nothing changed.` : `${since}: ${countText(changes.length, 'change')}`;
    await cli.print({ base, changes }, [title, ...changes.map((change) => `  ${differenceText(change)}`)].join('\n'));
  },
});
