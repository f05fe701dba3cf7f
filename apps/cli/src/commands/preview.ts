import { misuse } from '../arguments.ts';
import type { Cli } from '../cli.ts';
import { defineCommand } from '../command.ts';
import { table } from '../output/table.ts';
import { timeText } from '../output/units.ts';
import { parsePort } from '../port.ts';
import { findProject } from '../reference.ts';
import { UsageError } from '../usage-error.ts';

const usage = 'preview P [PORT] [--share [--expires 1h] | --revoke ID]';
const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

export const command = defineCommand({
  usage,
  summary: 'Look at a web server of the container in the browser; share it by a link.',
  details:
    'Prints a URL that lets your browser in, once and within a minute. With --share it is a link for anybody, until it ' +
    'expires (30m, 1h, 7d; at most 30d) or is revoked. Without PORT: lists the links of the project.',
  positionals: ['P', '[PORT]'],
  options: { share: { type: 'boolean' }, expires: { type: 'string' }, revoke: { type: 'string' } },
  async run(cli, { values, positionals }) {
    const [project = '', given] = positionals;
    const port = given === undefined ? null : parsePort({ usage }, given);
    if (values.revoke !== undefined) {
      if (values.share) throw misuse({ usage }, 'A link is either made or revoked');
      return await revoke(cli, project, parseId(values.revoke));
    }
    if (values.expires !== undefined && !values.share) throw misuse({ usage }, '--expires belongs to --share');
    if (port === null) {
      if (values.share) throw misuse({ usage }, 'PORT is missing');
      return await list(cli, project);
    }
    const seconds = values.expires === undefined ? undefined : parseSeconds(values.expires);
    const projectId = await findProject(cli, project);
    return await (values.share
      ? share(cli, { projectId, port, expiresInSeconds: seconds })
      : open(cli, { projectId, port }));
  },
});

async function open(cli: Cli, place: { projectId: number; port: number }): Promise<void> {
  const preview = await cli.rose.previews.open.mutate(place, cli.options);
  await cli.print(preview, preview.url);
  await cli.note('Open it within a minute; it lets you in once.');
}

async function share(cli: Cli, input: { projectId: number; port: number; expiresInSeconds?: number | undefined }) {
  const link = await cli.rose.previews.share.mutate(input, cli.options);
  await cli.print(link, link.url);
  await cli.note(`Link ${link.id} lets anybody in until ${timeText(link.expiresAt)}, and is not shown again.`);
}

async function list(cli: Cli, project: string): Promise<void> {
  const projectId = await findProject(cli, project);
  const links = await cli.rose.previews.list.query({ projectId }, cli.options);
  const rows = links.map(({ id, port, sharedBy, createdAt, expiresAt }) => [
    String(id),
    String(port),
    sharedBy,
    timeText(createdAt),
    timeText(expiresAt),
  ]);
  const titles = ['ID', 'PORT', 'SHARED BY', 'MADE', 'EXPIRES'];
  await cli.print(
    links,
    table(
      titles.map((title) => ({ title, align: title === 'ID' || title === 'PORT' ? 'right' : 'left' })),
      rows,
    ),
  );
}

async function revoke(cli: Cli, project: string, id: number): Promise<void> {
  const projectId = await findProject(cli, project);
  await cli.rose.previews.revoke.mutate({ projectId, id }, cli.options);
  await cli.print({ id, revoked: true }, `Link ${id} is revoked.`);
}

function parseId(text: string): number {
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
  throw new UsageError(`A link is revoked by its number from "rose preview P", not "${text}".`);
}

function parseSeconds(text: string): number {
  const [, count = '', unit = ''] = /^([1-9]\d{0,6})([smhd])$/.exec(text) ?? [];
  if (count === '') throw new UsageError(`--expires takes a time as 30m, 1h or 7d, not "${text}".`);
  return Number(count) * UNITS[unit]!;
}
