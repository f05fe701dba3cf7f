import { defineCommand } from '../command.ts';
import { projectJson } from '../output/json.ts';
import { projectsText } from '../output/project.ts';

export const command = defineCommand({
  usage: 'project list [--deleted]',
  summary: 'List your projects and those shared with you, or your own that can still be undeleted.',
  options: { deleted: { type: 'boolean' } },
  async run(cli, { values }) {
    const { list, listDeleted } = cli.rose.projects;
    const projects = await (values.deleted ? listDeleted : list).query(undefined, cli.options);
    await cli.print(projects.map(projectJson), projectsText(projects));
  },
});
