import { defineCommand } from '../command.ts';
import { escapeText } from '../output/escape.ts';
import { findProject } from '../reference.ts';

export const command = defineCommand({
  usage: 'logs P [--follow]',
  summary: 'Show what the agent of the dev container has written of late, 64 KiB at most.',
  details: 'It wakes no container. With --json one string, with --follow one a piece.',
  positionals: ['P'],
  options: { follow: { type: 'boolean', short: 'f' } },
  async run(cli, { values, positionals }) {
    const projectId = await findProject(cli, positionals[0]!);
    if (!values.follow) {
      const log = await cli.rose.containers.logs.query({ projectId }, cli.options);
      return await cli.print(log, linesText(log));
    }
    for await (const piece of await cli.rose.containers.watchLogs.query({ projectId }, cli.options))
      await cli.print(piece, linesText(piece));
  },
});

function linesText(log: string): string {
  return log
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => escapeText(line))
    .join('\n');
}
