import type { MemberRole } from '@rose/contract';
import { defineCommand } from '../command.ts';
import { printMembers } from '../output/members.ts';
import { findProject } from '../reference.ts';
import { UsageError } from '../usage-error.ts';

export const command = defineCommand({
  usage: 'project share P EMAIL [--role editor|viewer]',
  summary: 'Share a project with somebody who has an account here.',
  details:
    'A viewer reads the workspace and the versions, and may fork them. An editor works in the project as its owner does;\n' +
    'only the owner shares, renames and deletes it and changes its settings. Sharing again changes the role.',
  positionals: ['P', 'EMAIL'],
  options: { role: { type: 'string' } },
  async run(cli, { values, positionals }) {
    const [reference, email] = positionals as [string, string];
    const role = roleOf(values.role ?? 'viewer');
    const projectId = await findProject(cli, reference);
    await printMembers(cli, await cli.rose.projects.members.add.mutate({ projectId, email, role }, cli.options));
  },
});

function roleOf(text: string): MemberRole {
  if (text === 'editor' || text === 'viewer') return text;
  throw new UsageError(`--role is editor or viewer, not "${text}".`);
}
