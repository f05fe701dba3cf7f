import type { Member } from '@rose/contract';
import type { Cli } from '../cli.ts';
import { escapeText } from './escape.ts';
import { table } from './table.ts';
import { timeText } from './units.ts';

/** With whom a project is shared, its owner first. */
export async function printMembers(cli: Cli, members: Member[]): Promise<void> {
  const rows = members.map(({ email, name, role, since }) => [
    escapeText(email),
    escapeText(name),
    role,
    timeText(since),
  ]);
  const columns = [{ title: 'E-MAIL' }, { title: 'NAME' }, { title: 'ROLE' }, { title: 'SINCE' }];
  await cli.print(members, table(columns, rows));
}
