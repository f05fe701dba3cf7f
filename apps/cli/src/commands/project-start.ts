import { defineCommand } from '../command.ts';
import { printProject } from '../output/project.ts';
import { findProject } from '../reference.ts';
import { withStartLines } from '../start-lines.ts';

export const command = defineCommand({
  usage: 'project start P',
  summary: 'Start the dev container of a project.',
  positionals: ['P'],
  async run(cli, { positionals }) {
    const projectId = await findProject(cli, positionals[0]!);
    const start = () => cli.rose.containers.start.mutate({ projectId }, cli.options);
    const project = await withStartLines(cli, projectId, start);
    await printProject(cli, project, `is ${project.state}`);
  },
});
