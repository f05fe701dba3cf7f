import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { rowsOf } from '../src/lib/compare/diff-lines.ts';
import { describeUi } from './support/browser.ts';
import { projectWith, write } from './support/projects.ts';

/** The differences that a page lists, without their signs. */
async function differencesOn(page: Page): Promise<string[]> {
  const rows = page.getByLabel('What differs').getByRole('listitem');
  await rows.first().waitFor();
  return (await rows.allInnerTexts()).map((row) => row.split(/\s+/).slice(1).join(' ')).toSorted();
}

test('the lines of a diff are numbered on both sides', () => {
  const hunk = { oldStart: 4, oldLines: 2, newStart: 5, newLines: 2, lines: [' a', '-b', '+c', '\\ No newline'] };
  expect(rowsOf([hunk])).toEqual([
    { kind: 'gap', text: '@@ -4,2 +5,2 @@' },
    { kind: 'same', before: 4, after: 5, text: 'a' },
    { kind: 'removed', before: 5, after: null, text: 'b' },
    { kind: 'added', before: null, after: 6, text: 'c' },
    { kind: 'note', before: null, after: null, text: 'No newline' },
  ]);
});

describeUi('comparisons', (ui) => {
  test('two versions are compared by path and by line, and no container wakes for it', async () => {
    const ada = await ui.orchestrator.signUp('Ada');
    const id = await projectWith(ada, 'engine', {
      'notes.txt': 'one\ntwo\nthree\n',
      'gone.txt': 'gone\n',
      'old-name.txt': 'moved as it is\n',
      'run.sh': '#!/bin/sh\n',
    });
    await ada.rose.versions.save.mutate({ projectId: id, message: 'Before' });
    await write(ada, id, 'notes.txt', 'one\n<b>2</b>\nthree\n');
    await write(ada, id, 'new.txt', 'new\n');
    await ada.rose.workspace(id).run(['sh', '-c', 'rm gone.txt; mv old-name.txt new-name.txt; chmod 755 run.sh']);
    await ada.rose.versions.save.mutate({ projectId: id, message: 'After' });
    await ada.rose.containers.stop.mutate({ projectId: id });

    const page = await ui.visitAs(ada, `/project/${id}/versions`);
    await page.getByRole('button', { name: 'More for version 2' }).click();
    await page.getByRole('menuitem', { name: 'Compare with version 1' }).click();
    expect(await differencesOn(page)).toEqual([
      'gone.txt removed',
      'new-name.txt from old-name.txt renamed',
      'new.txt added',
      'notes.txt changed',
      'run.sh permissions',
    ]);
    const change = page.getByLabel('The chosen change');
    await page.getByRole('link', { name: /notes\.txt/ }).click();
    await change.getByRole('row', { name: '2 Removed: two' }).waitFor();
    await change.getByRole('row', { name: '2 Added: <b>2</b>' }).waitFor();
    await page.getByRole('link', { name: /run\.sh/ }).click();
    await change.getByText('Only its permissions differ: 644 before, 755 after.').waitFor();
    await page.getByRole('link', { name: /new-name\.txt/ }).click();
    await change.getByText('It was old-name.txt before; its content is the same.').waitFor();
    await page.getByRole('button', { name: 'Swap the sides' }).click();
    await page.getByRole('link', { name: /old-name\.txt.*from new-name\.txt/ }).waitFor();
    expect((await ada.rose.containers.status.query({ projectId: id })).state).toBe('asleep');
  });

  test('unsaved changes can be read line by line, as they are now', async () => {
    const grace = await ui.orchestrator.signUp('Grace');
    const id = await projectWith(grace, 'cobol', { 'a.txt': 'saved\n', 'b.bin': 'b' });
    await grace.rose.versions.save.mutate({ projectId: id, message: '' });
    await write(grace, id, 'a.txt', 'first thought\n');
    const page = await ui.visitAs(grace, `/project/${id}`);
    await page.getByRole('button', { name: '1 unsaved change' }).click();
    await page.getByRole('link', { name: 'Look at the lines' }).click();
    await page.getByRole('link', { name: /a\.txt/ }).click();
    await page.getByRole('row', { name: '1 Added: first thought' }).waitFor();
    await write(grace, id, 'a.txt', 'second thought\n');
    await grace.rose.workspace(id).run(['sh', '-c', "printf '\\0\\1' > b.bin"]);
    await page.getByRole('button', { name: 'Compare again' }).click();
    await page.getByRole('row', { name: '1 Added: second thought' }).waitFor();
    await page.getByRole('link', { name: /b\.bin/ }).click();
    await page.getByText('It is not text').waitFor();
    await page.reload();
    await page.getByText('It is not text').waitFor();
  });

  test('one change can be taken back from where it is looked at, and is gone from the list', async () => {
    const katherine = await ui.orchestrator.signUp('Katherine');
    const id = await projectWith(katherine, 'orbit', { 'a.txt': 'saved\n', 'b.txt': 'saved\n' });
    await katherine.rose.versions.save.mutate({ projectId: id, message: '' });
    for (const path of ['a.txt', 'b.txt', 'new.txt']) await write(katherine, id, path, 'changed\n');
    const page = await ui.visitAs(katherine, `/project/${id}/versions/compare?from=1`);
    const restore = page.getByRole('button', { name: 'Restore from version 1' });
    await page.getByRole('link', { name: /new\.txt/ }).click();
    await page.getByRole('row', { name: '1 Added: changed' }).waitFor();
    expect(await restore.count()).toBe(0);
    await page.getByRole('link', { name: /a\.txt/ }).click();
    await restore.click();
    await page.getByRole('dialog').getByRole('button', { name: 'Restore' }).click();
    await page.getByText('2 differences').waitFor();
    expect(await differencesOn(page)).toEqual(['b.txt changed', 'new.txt added']);
    expect((await katherine.rose.workspace(id).files.read.query({ path: 'a.txt' })).content).toBe('saved\n');
  });

  test('more differences than a page holds come page by page', async () => {
    const barbara = await ui.orchestrator.signUp('Barbara');
    const id = await projectWith(barbara, 'clu', {});
    await barbara.rose.versions.save.mutate({ projectId: id, message: 'Empty' });
    await barbara.rose.workspace(id).run(['sh', '-c', 'for i in $(seq 1 520); do echo $i > f$i; done']);
    await barbara.rose.versions.save.mutate({ projectId: id, message: 'Full' });
    const page = await ui.visitAs(barbara, `/project/${id}/versions/compare?from=1&to=2`);
    await page.getByText('520 differences').waitFor();
    const rows = page.getByLabel('What differs').getByRole('listitem');
    await expect.poll(() => rows.count()).toBe(500);
    await page.getByRole('button', { name: 'Show more (20 left)' }).click();
    await expect.poll(() => rows.count()).toBe(520);
    expect(new Set(await rows.allInnerTexts()).size).toBe(520);
    expect(await page.getByRole('button', { name: /Show more/ }).count()).toBe(0);
  });

  test('a version that is not there is said to be missing', async () => {
    const hedy = await ui.orchestrator.signUp('Hedy');
    const id = await projectWith(hedy, 'hopping', { a: 'a' });
    await hedy.rose.versions.save.mutate({ projectId: id, message: '' });
    const page = await ui.visitAs(hedy, `/project/${id}/versions/compare?from=1&to=9`);
    await page.getByRole('alert').getByText('There is no version 9').waitFor();
  });
});
