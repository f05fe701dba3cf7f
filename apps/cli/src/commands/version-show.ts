import { defineCommand } from '../command.ts';
import { escapeText } from '../output/escape.ts';
import { versionDetailsJson } from '../output/json.ts';
import { consistencyLines } from '../output/save.ts';
import { bytesText, countText, timeText } from '../output/units.ts';
import { findProject, parseVersion } from '../reference.ts';

export const command = defineCommand({
  usage: 'version show P N',
  summary: 'Show one version, and what it does not hold as it was.',
  positionals: ['P', 'N'],
  async run(cli, { positionals }) {
    const [reference, number] = positionals as [string, string];
    const version = parseVersion(number);
    const projectId = await findProject(cli, reference);
    const details = await cli.rose.versions.get.query({ projectId, version }, cli.options);
    const { createdAt, kind, author, message, files, logicalBytes, storedBytes, durationMs, rootTree } = details;
    const marks = [details.active ? ', active' : '', details.pinned ? ', pinned' : ''].join('');
    const lines = [
      `Version ${version} (${kind}${marks}), ${timeText(createdAt)}, ${escapeText(author ?? 'by RoSE')}`,
      ...(message === '' ? [] : [escapeText(message)]),
      `${countText(files, 'file')}, ${bytesText(logicalBytes)}; ${bytesText(storedBytes)} stored in ${(durationMs / 1000).toFixed(1)} s`,
      `root tree ${rootTree}`,
      ...consistencyLines(details),
    ];
    await cli.print(versionDetailsJson(details), lines.join('\n'));
  },
});
