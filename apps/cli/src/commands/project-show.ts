import { defineCommand } from '../command.ts';
import { projectJson } from '../output/json.ts';
import { projectText } from '../output/project.ts';
import { findProject } from '../reference.ts';

export const command = defineCommand({
  usage: 'project show P',
  summary: 'Show one project.',
  positionals: ['P'],
  async run(cli, { positionals }) {
    const projectId = await findProject(cli, positionals[0]!);
    const project = await cli.rose.projects.get.query({ projectId }, cli.options);
    await cli.print(projectJson(project), projectText(project));
  },
});
