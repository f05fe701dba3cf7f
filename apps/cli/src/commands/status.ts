import type { PathChange } from '@rose/contract';
import { defineCommand } from '../command.ts';
import { escapeName } from '../output/escape.ts';
import { countText } from '../output/units.ts';
import { findProject } from '../reference.ts';

export const command = defineCommand({
  usage: 'status P',
  summary: 'Show what changed since the last version.',
  positionals: ['P'],
  async run(cli, { positionals }) {
    const projectId = await findProject(cli, positionals[0]!);
    const { base, changes } = await cli.rose.versions.status.query({ projectId }, cli.options);
    const since = base === null ? 'No version yet' : `Since version ${base}`;
    const title =
      changes.length === 0 ? `${since}: nothing changed.` : `${since}: ${countText(changes.length, 'change')}`;
    await cli.print({ base, changes }, [title, ...changes.map(changeText)].join('\n'));
  },
});

function changeText({ path, change, kind }: PathChange): string {
  return `  ${change.padEnd(8)} ${escapeName(path)}${kind === 'directory' ? '/' : ''}`;
}
