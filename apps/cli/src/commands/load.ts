import { defineCommand } from '../command.ts';
import { printLoad, printPlan } from '../output/load.ts';
import { withDeedProgress } from '../progress.ts';
import { wholePlan } from '../pages.ts';
import { findProject, findVersion, parseVersion } from '../reference.ts';
import { UsageError } from '../usage-error.ts';

export const command = defineCommand({
  usage: 'load P [VERSION] [--path X]… [--from Q[@VERSION]] [--dry-run] [--discard]',
  summary: 'Bring a version back into the workspace; without VERSION the active one.',
  details:
    'What was not saved becomes a version first, unless --discard is given. With --path only that file or directory\n' +
    'is restored, or what a glob matches (*.ts at every depth, src/*.ts in one directory). --dry-run says what would be\n' +
    'written and removed, and does nothing. --from Q[@VERSION] takes the paths from a version of another project that\n' +
    'you may read; without @VERSION from its active one.',
  positionals: ['P', '[VERSION]'],
  options: {
    path: { type: 'string', multiple: true },
    from: { type: 'string' },
    'dry-run': { type: 'boolean' },
    discard: { type: 'boolean' },
  },
  async run(cli, { values, positionals }) {
    const [reference, text] = positionals as [string, string | undefined];
    const version = text === undefined ? undefined : parseVersion(text);
    if (values.from !== undefined && version !== undefined)
      throw new UsageError('The version is named once: as VERSION, or in --from Q@VERSION.');
    if (values.from !== undefined && values.path === undefined)
      throw new UsageError('--from takes paths out of another project: name them with --path.');
    const projectId = await findProject(cli, reference);
    const from = values.from === undefined ? undefined : await findVersion(cli, values.from);
    const input = { projectId, version, from, paths: values.path, discard: values.discard };
    if (values['dry-run']) {
      const plan = await wholePlan((page) => cli.rose.versions.plan.query({ ...input, ...page }, cli.options));
      return printPlan(cli, plan);
    }
    const load = () => cli.rose.versions.load.mutate(input, cli.options);
    return printLoad(cli, await withDeedProgress(cli, projectId, 'Loading', load));
  },
});
