import { defineCommand } from '../command.ts';
import { importZip } from '../import.ts';
import { openZip } from '../local/zip-upload.ts';
import { printSave } from '../output/save.ts';
import { findProject } from '../reference.ts';

export const command = defineCommand({
  usage: 'import P FILE.zip',
  summary: 'Make a new version of a zip; the workspace stays as it is.',
  positionals: ['P', 'FILE.zip'],
  async run(cli, { positionals }) {
    const [reference, file] = positionals as [string, string];
    await using zip = await openZip(file);
    const projectId = await findProject(cli, reference);
    await printSave(cli, await importZip(cli, projectId, zip), 'Imported as');
  },
});
