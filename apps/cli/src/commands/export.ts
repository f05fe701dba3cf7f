import { defineCommand } from '../command.ts';
import { misuse } from '../arguments.ts';
import { download } from '../local/download.ts';
import { escapeName } from '../output/escape.ts';
import { bytesText } from '../output/units.ts';
import { Progress } from '../progress.ts';
import { findProject, parseVersionReference } from '../reference.ts';

const usage = 'export P[@VERSION] [--history] -o FILE.zip';

export const command = defineCommand({
  usage,
  summary: 'Write the live workspace or a version as a zip; overwrites FILE.',
  details:
    'With --history the file holds the project with all its versions, for project create --from on this or another\n' +
    'installation.',
  positionals: ['P'],
  options: { output: { type: 'string', short: 'o' }, history: { type: 'boolean' } },
  async run(cli, { values, positionals }) {
    const file = values.output;
    if (file === undefined || file === '') throw misuse({ usage }, '-o FILE.zip is missing');
    const { project, version } = parseVersionReference(positionals[0]!);
    if (values.history === true && version !== undefined) throw misuse({ usage }, '--history is about all versions');
    const projectId = await findProject(cli, project);
    using progress = new Progress(cli, 'Exporting');
    const content = await (values.history === true
      ? cli.rose.history(projectId, cli.options)
      : version === undefined
        ? cli.rose.workspace(projectId).zip('', cli.options)
        : cli.rose.versionZip(projectId, version, cli.options));
    const bytes = await download(content, file, (sofar) => progress.showBytes(sofar));
    progress[Symbol.dispose]();
    await cli.print({ file, bytes }, `Wrote ${escapeName(file)}: ${bytesText(bytes)}.`);
  },
});
