import { defineCommand } from '../command.ts';
import { printLoad, printPlan } from '../output/load.ts';
import { withDeedProgress } from '../progress.ts';
import { findProject, parseVersion } from '../reference.ts';

export const command = defineCommand({
  usage: 'load P [VERSION] [--path X]… [--dry-run] [--discard]',
  summary: 'Bring a version back into the workspace; without VERSION the active one.',
  details:
    'What was not saved becomes a version first, unless --discard is given. With --path only that file or directory\n' +
    'is restored, or what a glob matches (*.ts at every depth, src/*.ts in one directory). --dry-run says what would be\n' +
    'written and removed, and does nothing.',
  positionals: ['P', '[VERSION]'],
  options: {
    path: { type: 'string', multiple: true },
    'dry-run': { type: 'boolean' },
    discard: { type: 'boolean' },
  },
  async run(cli, { values, positionals }) {
    const [reference, text] = positionals as [string, string | undefined];
    const version = text === undefined ? undefined : parseVersion(text);
    const projectId = await findProject(cli, reference);
    const input = { projectId, version, paths: values.path, discard: values.discard };
    if (values['dry-run']) return printPlan(cli, await cli.rose.versions.plan.query(input, cli.options));
    const load = () => cli.rose.versions.load.mutate(input, cli.options);
    return printLoad(cli, await withDeedProgress(cli, projectId, 'Loading', load));
  },
});
