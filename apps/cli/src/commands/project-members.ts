import { defineCommand } from '../command.ts';
import { printMembers } from '../output/members.ts';
import { findProject } from '../reference.ts';

export const command = defineCommand({
  usage: 'project members P',
  summary: 'List with whom a project is shared.',
  positionals: ['P'],
  async run(cli, { positionals }) {
    const projectId = await findProject(cli, positionals[0]!);
    await printMembers(cli, await cli.rose.projects.members.list.query({ projectId }, cli.options));
  },
});
