import { defineCommand } from '../command.ts';
import { printProject } from '../output/project.ts';
import { findProject } from '../reference.ts';
import { withStartLines } from '../start-lines.ts';

export const command = defineCommand({
  usage: 'project restart P',
  summary: 'End all that runs in the dev container of a project, and start it anew.',
  details: 'The workspace stays as it is; no version is made.',
  positionals: ['P'],
  async run(cli, { positionals }) {
    const projectId = await findProject(cli, positionals[0]!);
    const restart = () => cli.rose.containers.restart.mutate({ projectId }, cli.options);
    const project = await withStartLines(cli, projectId, restart);
    await printProject(cli, project, 'was restarted');
  },
});
