import { defineCommand } from '../command.ts';
import { printProject } from '../output/project.ts';
import { findProject } from '../reference.ts';

export const command = defineCommand({
  usage: 'project delete P',
  summary: 'Delete a project; for 7 days "rose project undelete" brings it back.',
  positionals: ['P'],
  async run(cli, { positionals }) {
    const projectId = await findProject(cli, positionals[0]!);
    const project = await cli.rose.projects.delete.mutate({ projectId }, cli.options);
    await printProject(cli, project, `is deleted; within 7 days "rose project undelete ${projectId}" brings it back`);
  },
});
