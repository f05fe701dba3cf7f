import { expect, test } from 'vitest';
import { testDatabase } from '@rose/testing/database';
import { ensureInstallation } from './installation.ts';

test('an installation is given its identity once, whoever asks first', async () => {
  await using database = await testDatabase();
  const [first, second] = await Promise.all([ensureInstallation(database), ensureInstallation(database)]);
  expect(first).toEqual(second);
  expect(first.secretKey).toHaveLength(32);
  expect(await ensureInstallation(database)).toEqual(first);
});

test('a second installation row is refused by the database', async () => {
  await using database = await testDatabase();
  const { uuid, secretKey } = await ensureInstallation(database);
  const second = { id: 2, uuid: uuid.replace(/^./, '0'), secretKey: Uint8Array.from(secretKey) };
  await expect(database.prisma.installation.create({ data: second })).rejects.toThrow('Installation_one_row');
});
