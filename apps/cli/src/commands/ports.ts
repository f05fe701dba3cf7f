import { defineCommand } from '../command.ts';
import { escapeText } from '../output/escape.ts';
import { table } from '../output/table.ts';
import { findProject } from '../reference.ts';

export const command = defineCommand({
  usage: 'ports P',
  summary: 'List the open ports of the container, and where their previews are.',
  details: 'A browser is let in there by "rose preview P PORT". Wakes the project.',
  positionals: ['P'],
  async run(cli, { positionals }) {
    const projectId = await findProject(cli, positionals[0]!);
    const open = await cli.rose.workspace(projectId).ports.list.query(undefined, cli.options);
    const ports = open.map(({ port }) => port);
    const origins = await cli.rose.previews.origins.query({ projectId, ports }, cli.options);
    const listed = open.map(({ port, process }) => ({
      port,
      process,
      url: `${origins.find((preview) => preview.port === port)!.origin}/`,
    }));
    const rows = listed.map(({ port, process, url }) => [String(port), escapeText(process ?? ''), url]);
    await cli.print(
      listed,
      table([{ title: 'PORT', align: 'right' }, { title: 'PROCESS' }, { title: 'PREVIEW' }], rows),
    );
  },
});
