import { defineCommand } from '../command.ts';
import { escapeText } from '../output/escape.ts';
import { table } from '../output/table.ts';
import { bytesText, countText, timeText } from '../output/units.ts';
import { findProject } from '../reference.ts';

export const command = defineCommand({
  usage: 'processes P',
  summary: 'List the processes in the dev container, the busiest first.',
  details:
    'With --json: {"processes":[{"pid","ppid","command":[…],"cpuPercent","cpuSeconds","rssBytes","startedAt"}],"omitted"}.',
  positionals: ['P'],
  async run(cli, { positionals }) {
    const workspace = cli.rose.workspace(await findProject(cli, positionals[0]!));
    const found = await workspace.processes.list.query(undefined, cli.options);
    const rows = found.processes.map(({ pid, ppid, command: argv, cpuPercent, rssBytes, startedAt }) => [
      String(pid),
      String(ppid),
      cpuPercent.toFixed(1),
      bytesText(rssBytes),
      timeText(startedAt),
      escapeText(argv.join(' ')),
    ]);
    const columns = [
      { title: 'PID', align: 'right' },
      { title: 'PPID', align: 'right' },
      { title: '%CPU', align: 'right' },
      { title: 'MEMORY', align: 'right' },
      { title: 'STARTED' },
      { title: 'COMMAND' },
    ] as const;
    await cli.print(found, table([...columns], rows));
    if (found.omitted > 0) await cli.note(`${countText(found.omitted, 'process', 'processes')} more.`);
  },
});
