import type { StateChange } from '@rose/contract';
import { defineCommand } from '../command.ts';
import { escapeText } from '../output/escape.ts';
import { timeText } from '../output/units.ts';
import { findProject } from '../reference.ts';

export const command = defineCommand({
  usage: 'project watch [P]',
  summary: 'Tell the state of a project, or of all, and each change of it until Ctrl-C.',
  details: 'With --json each line is {"projectId","state","reason","at"}.',
  positionals: ['[P]'],
  async run(cli, { positionals }) {
    const [reference] = positionals;
    const changes =
      reference === undefined
        ? await cli.rose.projects.watch.query(undefined, cli.options)
        : await cli.rose.containers.watch.query({ projectId: await findProject(cli, reference) }, cli.options);
    for await (const change of changes) await cli.print(change, changeText(change));
  },
});

function changeText({ projectId, state, reason, at }: StateChange): string {
  const text = `${timeText(at)}  project ${projectId} is ${state}`;
  return reason === null ? text : `${text}: ${escapeText(reason)}`;
}
