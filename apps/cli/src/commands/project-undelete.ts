import { defineCommand } from '../command.ts';
import { printProject } from '../output/project.ts';
import { findDeletedProject } from '../reference.ts';

export const command = defineCommand({
  usage: 'project undelete P',
  summary: 'Bring a deleted project back.',
  positionals: ['P'],
  async run(cli, { positionals }) {
    const projectId = await findDeletedProject(cli, positionals[0]!);
    const project = await cli.rose.projects.undelete.mutate({ projectId }, cli.options);
    await printProject(cli, project, 'is back');
  },
});
