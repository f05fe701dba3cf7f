import { expect, test } from 'vitest';
import { describeUi } from './support/browser.ts';
import { projectWith, write } from './support/projects.ts';

describeUi('versions', (ui) => {
  test('a saved version can be loaded back and the file shows its old text; undo brings back the new one', async () => {
    const ada = await ui.orchestrator.signUp('Ada');
    const id = await projectWith(ada, 'engine', { 'notes.txt': 'the first text\n' });
    const page = await ui.visitAs(ada, `/project/${id}?path=notes.txt`);
    const text = page.getByLabel('The chosen file');
    await text.getByText('the first text').waitFor();
    await page.getByLabel('What has changed?').fill('Before the change');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('Saved as version 1').waitFor();
    await page.getByText('No unsaved changes').waitFor();

    await write(ada, id, 'notes.txt', 'the second text\n');
    await write(ada, id, 'more.txt', 'more\n');
    await page.getByRole('link', { name: /Versions/ }).click();
    await page
      .getByRole('row', { name: /Before the change/ })
      .getByRole('button', { name: 'Load version 1' })
      .click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Unsaved work is kept as a checkpoint').waitFor();
    expect(await dialog.getByRole('listitem').allInnerTexts()).toEqual(
      expect.arrayContaining([expect.stringContaining('notes.txt'), expect.stringContaining('more.txt')]),
    );
    await dialog.getByRole('button', { name: 'Load version 1' }).click();
    await page.getByText('Your unsaved work was kept as version 2.').waitFor();
    await page.getByRole('link', { name: 'Files' }).click();
    await page.getByRole('treeitem', { name: 'notes.txt' }).click();
    await text.getByText('the first text').waitFor();
    expect(await page.getByRole('treeitem', { name: 'more.txt' }).count()).toBe(0);

    await page.getByRole('button', { name: 'Undo' }).click();
    await text.getByText('the second text').waitFor();
    await page.getByRole('treeitem', { name: 'more.txt' }).waitFor();
  });

  test('a save that cannot reach RoSE says so, keeps the message, and can be tried again', async () => {
    const hedy = await ui.orchestrator.signUp('Hedy');
    const id = await projectWith(hedy, 'hopping', { a: 'one' });
    const page = await ui.visitAs(hedy, `/project/${id}`);
    await page.getByRole('button', { name: '1 unsaved change' }).waitFor();
    await page.getByLabel('What has changed?').fill('Frequencies');
    await page.context().setOffline(true);
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('The save broke off.').waitFor();
    await page.context().setOffline(false);
    expect(await page.getByLabel('What has changed?').inputValue()).toBe('Frequencies');
    await page.getByLabel('Save', { exact: true }).getByRole('button', { name: 'Try again' }).click();
    await page.getByText('Saved as version 1').waitFor();
    expect((await hedy.rose.versions.list.query({ projectId: id })).map(({ message }) => message)).toEqual([
      'Frequencies',
    ]);
  });

  test('a save can be cancelled: it leaves no version, and the next one works', async () => {
    const annie = await ui.orchestrator.signUp('Annie');
    const id = await projectWith(annie, 'eniac', {});
    await annie.rose.workspace(id).run(['sh', '-c', 'head -c 200M /dev/urandom > noise']);
    const page = await ui.visitAs(annie, `/project/${id}`);
    await page.getByRole('button', { name: '1 unsaved change' }).waitFor();
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('progressbar').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('progressbar').waitFor({ state: 'detached' });
    expect(await annie.rose.versions.list.query({ projectId: id })).toEqual([]);
    expect(await page.getByRole('alert').count()).toBe(0);
    await annie.rose.workspace(id).files.delete.mutate({ path: 'noise' });
    await write(annie, id, 'quiet', 'q');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('Saved as version 1').waitFor();
  });

  test('a load that is not confirmed changes nothing', async () => {
    const grace = await ui.orchestrator.signUp('Grace');
    const id = await projectWith(grace, 'cobol', { a: 'one' });
    await grace.rose.versions.save.mutate({ projectId: id, message: 'one' });
    await write(grace, id, 'a', 'two');
    const page = await ui.visitAs(grace, `/project/${id}/versions`);
    await page.getByRole('button', { name: 'Load version 1' }).click();
    await page.getByRole('dialog').getByText('What changes').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect((await grace.rose.workspace(id).files.read.query({ path: 'a' })).content).toBe('two');
    expect(await grace.rose.versions.list.query({ projectId: id })).toHaveLength(1);
  });

  test('unsaved changes are counted beside Save and listed by path', async () => {
    const barbara = await ui.orchestrator.signUp('Barbara');
    const id = await projectWith(barbara, 'clu', { kept: 'k', gone: 'g', 'src/changed': '1' });
    await barbara.rose.versions.save.mutate({ projectId: id, message: '' });
    await write(barbara, id, 'src/changed', '22');
    await write(barbara, id, 'src/new', 'n');
    await barbara.rose.workspace(id).files.delete.mutate({ path: 'gone' });
    const page = await ui.visitAs(barbara, `/project/${id}`);
    await page.getByRole('button', { name: '3 unsaved changes' }).click();
    const rows = page.getByRole('dialog').getByRole('listitem');
    await rows.first().waitFor();
    const texts = (await rows.allInnerTexts()).map((row) => row.split(/\s+/).slice(1).join(' '));
    expect(texts.toSorted()).toEqual(['gone removed', 'src/changed changed', 'src/new added']);
  });

  test('the files of a version are shown without waking the project, and one of them can be restored', async () => {
    const katherine = await ui.orchestrator.signUp('Katherine');
    const id = await projectWith(katherine, 'orbit', { 'data/track.csv': '1,2,3\n', other: 'o' });
    await katherine.rose.versions.save.mutate({ projectId: id, message: 'Tracks' });
    await katherine.rose.containers.stop.mutate({ projectId: id });
    const page = await ui.visitAs(katherine, `/project/${id}/versions`);
    await page.getByRole('link', { name: '1', exact: true }).click();
    await page.getByRole('treeitem', { name: 'data' }).click();
    await page.getByRole('treeitem', { name: 'track.csv' }).click();
    await page.getByText('1,2,3').waitFor();
    expect((await katherine.rose.containers.status.query({ projectId: id })).state).toBe('asleep');

    await write(katherine, id, 'data/track.csv', 'lost\n');
    await page.getByRole('button', { name: 'Restore' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Restore' }).click();
    await page.getByText('Restored from version 1').waitFor();
    expect((await katherine.rose.workspace(id).files.read.query({ path: 'data/track.csv' })).content).toBe('1,2,3\n');
  });

  test('a directory of a version can be restored: what it held comes back, and nothing else changes', async () => {
    const frances = await ui.orchestrator.signUp('Frances');
    const id = await projectWith(frances, 'compilers', { 'src/a.txt': 'a', 'src/deep/b.txt': 'b', 'other.txt': '1' });
    await frances.rose.versions.save.mutate({ projectId: id, message: '' });
    await write(frances, id, 'other.txt', '2');
    await frances.rose.workspace(id).files.delete.mutate({ path: 'src', recursive: true });
    const page = await ui.visitAs(frances, `/project/${id}/versions/1`);
    await page.getByRole('treeitem', { name: 'src' }).click();
    await page.getByText('This is a directory.').waitFor();
    await page.getByRole('treeitem', { name: 'deep' }).waitFor();
    await page.getByRole('button', { name: 'Restore' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('src/deep/b.txt').waitFor();
    expect(await dialog.getByText('other.txt').count()).toBe(0);
    await dialog.getByRole('button', { name: 'Restore' }).click();
    await page.getByText('Restored from version 1').waitFor();
    const { files } = frances.rose.workspace(id);
    expect((await files.read.query({ path: 'src/deep/b.txt' })).content).toBe('b');
    expect((await files.read.query({ path: 'other.txt' })).content).toBe('2');
  });

  test('the history of a path names each version that changed it, and leads to it and to what changed', async () => {
    const jean = await ui.orchestrator.signUp('Jean');
    const id = await projectWith(jean, 'betty', { 'log.txt': 'one\n', 'other.txt': '1' });
    const save = (message: string): Promise<unknown> => jean.rose.versions.save.mutate({ projectId: id, message });
    await save('First');
    await write(jean, id, 'other.txt', '2');
    await save('Elsewhere');
    await write(jean, id, 'log.txt', 'two\n');
    await save('Second');
    const page = await ui.visitAs(jean, `/project/${id}?path=log.txt`);
    await page.getByRole('button', { name: 'History of this path' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Second').waitFor();
    expect(await dialog.getByRole('listitem').count()).toBe(2);
    await dialog.getByRole('link', { name: 'Compare version 3 with version 1' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('row', { name: '1 Removed: one' }).waitFor();
    await page.goBack();
    await page.getByRole('button', { name: 'History of this path' }).click();
    await page.getByRole('link', { name: 'Version 1', exact: true }).click();
    await page.getByLabel('The chosen file').getByText('one').waitFor();
  });

  test('the list tells number, kind, author and the active version, the newest first', async () => {
    const radia = await ui.orchestrator.signUp('Radia');
    const id = await projectWith(radia, 'bridges', { a: '1' });
    const projectId = id;
    await radia.rose.versions.save.mutate({ projectId, message: 'One' });
    await write(radia, id, 'a', '2');
    await radia.rose.versions.load.mutate({ projectId, version: 1 });
    const page = await ui.visitAs(radia, `/project/${id}/versions`);
    const rows = page.getByRole('row');
    await rows.nth(2).waitFor();
    expect(await rows.nth(1).innerText()).toMatch(/^2\b[\s\S]*Before load[\s\S]*RoSE/);
    expect(await rows.nth(2).innerText()).toMatch(/^1\s+Active\s+One\s+Saved\s+radia@example.org/);
  });
});
