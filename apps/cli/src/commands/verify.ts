import { defineCommand } from '../command.ts';
import { escapeName, escapeText } from '../output/escape.ts';
import { bytesText, countText } from '../output/units.ts';
import { findProject } from '../reference.ts';
import { UsageError } from '../usage-error.ts';

export const command = defineCommand({
  usage: 'verify [P] [--percent N]',
  summary: 'Hash every stored object again and walk every version; exit 1 when anything is damaged.',
  details: '--percent N hashes a random sample of the objects; every version is walked all the same.',
  positionals: ['[P]'],
  options: { percent: { type: 'string' } },
  async run(cli, { values, positionals }) {
    const percent = values.percent === undefined ? 100 : Number(values.percent);
    if (!(percent > 0 && percent <= 100))
      throw new UsageError(`--percent is a number over 0, up to 100, not "${values.percent}".`);
    const projectId = positionals[0] === undefined ? undefined : await findProject(cli, positionals[0]);
    const { objects, bytes, damaged } = await cli.rose.store.verify.mutate({ projectId, percent }, cli.options);
    const lines = damaged.map(
      ({ project, version, path }) =>
        `  ${escapeText(project)}@${version} ${path === '' ? '(the workspace itself)' : escapeName(path)}`,
    );
    const verdict = damaged.length === 0 ? 'All is whole' : `Damaged: ${countText(damaged.length, 'path')}`;
    await cli.print(
      { objects, bytes, damaged },
      [`${verdict}: ${countText(objects, 'object')}, ${bytesText(bytes)} hashed.`, ...lines].join('\n'),
    );
    return damaged.length === 0 ? 0 : 1;
  },
});
