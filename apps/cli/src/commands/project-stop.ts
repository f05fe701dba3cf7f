import { defineCommand } from '../command.ts';
import { printProject } from '../output/project.ts';
import { findProject } from '../reference.ts';

export const command = defineCommand({
  usage: 'project stop P',
  summary: 'Save what changed and stop the dev container of a project.',
  positionals: ['P'],
  async run(cli, { positionals }) {
    const projectId = await findProject(cli, positionals[0]!);
    const project = await cli.rose.containers.stop.mutate({ projectId }, cli.options);
    await printProject(cli, project, `is ${project.state}`);
  },
});
