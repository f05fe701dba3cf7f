import { defineCommand } from '../command.ts';
import { printProject } from '../output/project.ts';
import { findProject } from '../reference.ts';

export const command = defineCommand({
  usage: 'project rename P NEW',
  summary: 'Give a project another name.',
  positionals: ['P', 'NEW'],
  async run(cli, { positionals }) {
    const [reference, name] = positionals as [string, string];
    const projectId = await findProject(cli, reference);
    const project = await cli.rose.projects.rename.mutate({ projectId, name }, cli.options);
    await printProject(cli, project, 'has its new name');
  },
});
