import { defineCommand } from '../command.ts';
import { findProject } from '../reference.ts';

export const command = defineCommand({
  usage: 'project leave P',
  summary: 'Give up a project that somebody shares with you.',
  positionals: ['P'],
  async run(cli, { positionals }) {
    const projectId = await findProject(cli, positionals[0]!);
    await cli.rose.projects.members.leave.mutate({ projectId }, cli.options);
    await cli.print({ id: projectId }, `Project ${projectId} is no longer shared with you.`);
  },
});
