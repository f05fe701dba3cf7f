import type { Project, SaveResult } from '@rose/contract';
import type { Cli } from './cli.ts';
import type { ZipUpload } from './local/zip-upload.ts';
import { Progress } from './progress.ts';

/** Makes a version of a zip. */
export async function importZip(cli: Cli, projectId: number, zip: ZipUpload): Promise<SaveResult> {
  using progress = new Progress(cli, 'Importing');
  return await cli.rose.importZip(
    projectId,
    zip.stream((bytes) => progress.showBytes(bytes, zip.size)),
    cli.options,
  );
}

/** Makes a project of a history. */
export async function importHistory(
  cli: Cli,
  project: { name: string; description: string | undefined },
  file: ZipUpload,
): Promise<Project> {
  using progress = new Progress(cli, 'Importing');
  const content = file.stream((bytes) => progress.showBytes(bytes, file.size));
  return await cli.rose.importHistory(project, content, cli.options);
}
