import { defineCommand } from '../command.ts';
import { escapeText } from '../output/escape.ts';
import { table } from '../output/table.ts';
import { countText, timeText } from '../output/units.ts';
import { findProject } from '../reference.ts';

export const command = defineCommand({
  usage: 'egress P',
  summary: 'List the connections out of the dev container that were refused of late, newest first.',
  details:
    'What it may reach are the settings egress and egressAllow. With --json: [{"at","host","port","reason","unnoted"}];\n' +
    'unnoted counts the refusals before that one which were too many to note.',
  positionals: ['P'],
  async run(cli, { positionals }) {
    const projectId = await findProject(cli, positionals[0]!);
    const refusals = await cli.rose.containers.refusals.query({ projectId }, cli.options);
    const rows = refusals.map(({ at, host, port, reason, unnoted }) => [
      timeText(at),
      escapeText(`${host}:${port}`),
      escapeText(reason) + (unnoted === 0 ? '' : ` (and ${countText(unnoted, 'refusal')} before)`),
    ]);
    const text = table([{ title: 'REFUSED' }, { title: 'HOST' }, { title: 'REASON' }], rows);
    await cli.print(refusals, rows.length === 0 ? 'Nothing was refused.' : text);
  },
});
