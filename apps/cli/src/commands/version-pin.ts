import { defineCommand } from '../command.ts';
import { findProject, parseVersion } from '../reference.ts';

export const command = defineCommand({
  usage: 'version pin P N [--off]',
  summary: 'Pin a version, so that it is never thinned and cannot be deleted; --off unpins it.',
  positionals: ['P', 'N'],
  options: { off: { type: 'boolean' } },
  async run(cli, { values, positionals }) {
    const [reference, number] = positionals as [string, string];
    const version = parseVersion(number);
    const pinned = values.off !== true;
    const projectId = await findProject(cli, reference);
    await cli.rose.versions.pin.mutate({ projectId, version, pinned }, cli.options);
    await cli.print({ version, pinned }, `Version ${version} is ${pinned ? 'pinned' : 'not pinned any more'}.`);
  },
});
