import { defineCommand } from '../command.ts';
import { printMembers } from '../output/members.ts';
import { findProject } from '../reference.ts';

export const command = defineCommand({
  usage: 'project unshare P EMAIL',
  summary: 'Share a project with somebody no longer; his terminals in it end.',
  positionals: ['P', 'EMAIL'],
  async run(cli, { positionals }) {
    const [reference, email] = positionals as [string, string];
    const projectId = await findProject(cli, reference);
    await printMembers(cli, await cli.rose.projects.members.remove.mutate({ projectId, email }, cli.options));
  },
});
