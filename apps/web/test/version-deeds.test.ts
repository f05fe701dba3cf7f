import { expect, test } from 'vitest';
import { describeUi } from './support/browser.ts';
import { projectWith, write } from './support/projects.ts';

describeUi('deeds with versions', (ui) => {
  test('a pinned version says so and cannot be deleted until it is unpinned; the refusal says how', async () => {
    const ada = await ui.orchestrator.signUp('Ada');
    const id = await projectWith(ada, 'engine', { a: '1' });
    const projectId = id;
    await ada.rose.versions.save.mutate({ projectId, message: 'One' });
    await write(ada, id, 'a', '2');
    await ada.rose.versions.save.mutate({ projectId, message: 'Two' });
    const page = await ui.visitAs(ada, `/project/${id}/versions`);
    const row = page.getByRole('row', { name: /One/ });
    const choose = async (item: string): Promise<void> => {
      await page.getByRole('button', { name: 'More for version 1' }).click();
      await page.getByRole('menuitem', { name: item }).click();
    };
    await choose('Pin');
    await row.getByText('Pinned').waitFor();
    await choose('Delete…');
    const dialog = page.getByRole('dialog');
    await dialog.getByText(/are stored for this version alone/).waitFor();
    await dialog.getByRole('button', { name: 'Delete version' }).click();
    await dialog.getByText('Version 1 is pinned; unpin it first.').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await choose('Unpin');
    await row.getByText('Pinned').waitFor({ state: 'detached' });
    await choose('Delete…');
    await dialog.getByRole('button', { name: 'Delete version' }).click();
    await row.waitFor({ state: 'detached' });
    expect((await ada.rose.versions.list.query({ projectId })).map(({ version }) => version)).toEqual([2]);
  });

  test('who deletes the version that is shown comes to the list, and the active one stays', async () => {
    const grace = await ui.orchestrator.signUp('Grace');
    const id = await projectWith(grace, 'cobol', { a: '1' });
    await grace.rose.versions.save.mutate({ projectId: id, message: 'One' });
    await grace.rose.versions.save.mutate({ projectId: id, message: 'Two' });
    const page = await ui.visitAs(grace, `/project/${id}/versions/2`);
    const remove = async (): Promise<void> => {
      await page.getByRole('button', { name: /^More for version/ }).click();
      await page.getByRole('menuitem', { name: 'Delete…' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete version' }).click();
    };
    await remove();
    await page.getByText('Version 2 is the active one; load another version first.').waitFor();
    await page.keyboard.press('Escape');
    await page.goto(`/project/${id}/versions/1`);
    await remove();
    await page.getByRole('row', { name: /Two/ }).waitFor();
    expect(await page.getByRole('row', { name: /One/ }).count()).toBe(0);
  });

  test('a version says what it does not hold, and none does that holds everything', async () => {
    const joan = await ui.orchestrator.signUp('Joan');
    const id = await projectWith(joan, 'eniac', { a: '1' });
    await joan.rose.workspace(id).run(['mkfifo', 'pipe']);
    await joan.rose.versions.save.mutate({ projectId: id, message: 'With a pipe' });
    await joan.rose.workspace(id).run(['rm', 'pipe']);
    await joan.rose.versions.save.mutate({ projectId: id, message: 'Without it' });
    const page = await ui.visitAs(joan, `/project/${id}/versions/1`);
    const note = page.getByText('1 path could not be saved');
    await note.click();
    await page.getByText(/^pipe \(/).waitFor();
    await page.goto(`/project/${id}/versions/2`);
    await page.getByText('Without it').waitFor();
    await page.getByRole('treeitem', { name: /a/ }).first().waitFor();
    expect(await note.count()).toBe(0);
  });

  test('what each version stores and what deleting it frees is counted on demand, for the owner', async () => {
    const barbara = await ui.orchestrator.signUp('Barbara');
    const id = await projectWith(barbara, 'clu', {});
    await barbara.rose.workspace(id).run(['sh', '-c', 'head -c 3M /dev/urandom > noise']);
    await barbara.rose.versions.save.mutate({ projectId: id, message: 'Noise' });
    await barbara.rose.workspace(id).files.delete.mutate({ path: 'noise' });
    await write(barbara, id, 'quiet', 'q');
    await barbara.rose.versions.save.mutate({ projectId: id, message: 'Quiet' });
    const page = await ui.visitAs(barbara, `/project/${id}/versions`);
    await page.getByRole('button', { name: 'Count what each of them frees' }).click();
    await page.getByText(/3\.0 MiB are stored for this project alone/).waitFor();
    await page.getByRole('columnheader', { name: 'Frees' }).waitFor();
    const cells = await page.getByRole('row', { name: /Noise/ }).getByRole('cell').allInnerTexts();
    expect(cells.filter((cell) => cell === '3.0 MiB')).toHaveLength(3);
  });

  test('a viewer sees the versions and what differs, and can change nothing', async () => {
    const katherine = await ui.orchestrator.signUp('Katherine');
    const edith = await ui.orchestrator.signUp('Edith');
    const id = await projectWith(katherine, 'orbit', { a: '1' });
    await katherine.rose.versions.save.mutate({ projectId: id, message: 'One' });
    await katherine.rose.projects.members.add.mutate({ projectId: id, email: edith.email, role: 'viewer' });
    const page = await ui.visitAs(edith, `/project/${id}/versions`);
    await page.getByRole('button', { name: 'More for version 1' }).click();
    const items = await page.getByRole('menuitem').allInnerTexts();
    expect(items.map((item) => item.trim())).toEqual([
      'Look at its files',
      'Compare with the workspace',
      'Download as zip',
      'Fork as a new project…',
    ]);
    await page.keyboard.press('Escape');
    for (const name of [/^Load/, /^Undo/, /^Take/, /^Count/])
      expect(await page.getByRole('button', { name }).count()).toBe(0);
  });

  test('the paths of a plan come page by page', async () => {
    const radia = await ui.orchestrator.signUp('Radia');
    const id = await projectWith(radia, 'bridges', {});
    await radia.rose.versions.save.mutate({ projectId: id, message: 'Empty' });
    await radia.rose.workspace(id).run(['sh', '-c', 'for i in $(seq 1 320); do echo $i > f$i; done']);
    const page = await ui.visitAs(radia, `/project/${id}/versions`);
    await page.getByRole('button', { name: 'Load version 1' }).click();
    const dialog = page.getByRole('dialog');
    const paths = dialog.getByRole('listitem').filter({ hasText: /^\s*−/ });
    await dialog.getByRole('button', { name: 'Show more (20 left)' }).click();
    await expect.poll(() => paths.count()).toBe(320);
    expect(await dialog.getByRole('button', { name: /Show more/ }).count()).toBe(0);
  });

  test('a part of a version is loaded by names and globs; what was typed has to be planned first', async () => {
    const annie = await ui.orchestrator.signUp('Annie');
    const id = await projectWith(annie, 'eniac', { 'src/a.ts': '1', 'src/b.md': '1', 'c.ts': '1' });
    await annie.rose.versions.save.mutate({ projectId: id, message: 'One' });
    for (const path of ['src/a.ts', 'src/b.md', 'c.ts']) await write(annie, id, path, '22');
    const page = await ui.visitAs(annie, `/project/${id}/versions`);
    await page.getByRole('button', { name: 'Load version 1' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Only some paths').click();
    await dialog.getByLabel('Paths, one a line').fill('*.ts\n');
    expect(await dialog.getByRole('button', { name: 'Load version 1' }).isDisabled()).toBe(true);
    await dialog.getByRole('button', { name: 'Show what would change' }).click();
    await dialog.getByText('The active version stays.').waitFor();
    expect(await dialog.getByText('src/b.md').count()).toBe(0);
    await dialog.getByRole('button', { name: 'Restore' }).click();
    await page.getByText('Restored from version 1').waitFor();
    const { files } = annie.rose.workspace(id);
    const contents = ['src/a.ts', 'src/b.md', 'c.ts'].map(async (path) => (await files.read.query({ path })).content);
    expect(await Promise.all(contents)).toEqual(['1', '22', '1']);
    await page.getByRole('button', { name: 'Load version 1' }).click();
    await dialog.getByText('Only some paths').click();
    await dialog.getByLabel('Paths, one a line').fill('nowhere');
    await dialog.getByRole('button', { name: 'Show what would change' }).click();
    await dialog
      .getByRole('alert')
      .getByText(/nowhere/)
      .waitFor();
  });

  test('paths of a version of another project are taken, to the same place, after they were shown', async () => {
    const mary = await ui.orchestrator.signUp('Mary');
    const orbit = await projectWith(mary, 'orbit', { 'lib/track.ts': 'track', 'lib/deep/x.ts': 'x', other: 'o' });
    await mary.rose.versions.save.mutate({ projectId: orbit, message: 'Tracks' });
    await write(mary, orbit, 'lib/track.ts', 'later');
    await mary.rose.versions.save.mutate({ projectId: orbit, message: 'Later tracks' });
    const id = await projectWith(mary, 'apollo', { 'guide.txt': 'PRO' });
    const page = await ui.visitAs(mary, `/project/${id}/versions`);
    await page.getByRole('button', { name: 'Take from another project…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Project').selectOption('orbit');
    await dialog.getByLabel('Version').selectOption('Version 1: Tracks');
    await dialog.getByLabel('Paths, one a line').fill('lib');
    await dialog.getByRole('button', { name: 'Show what would change' }).click();
    await dialog.getByText('lib/deep/x.ts').waitFor();
    await dialog.getByRole('button', { name: 'Restore' }).click();
    await page.getByText('Restored from version 1 of “orbit”').waitFor();
    const { files } = mary.rose.workspace(id);
    expect((await files.read.query({ path: 'lib/track.ts' })).content).toBe('track');
    expect((await files.read.query({ path: 'guide.txt' })).content).toBe('PRO');
    await expect(files.stat.query({ path: 'other' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('unsaved work is thrown away only where somebody says so', async () => {
    const jean = await ui.orchestrator.signUp('Jean');
    const id = await projectWith(jean, 'betty', { a: 'one' });
    await jean.rose.versions.save.mutate({ projectId: id, message: 'One' });
    await write(jean, id, 'a', 'two');
    const page = await ui.visitAs(jean, `/project/${id}/versions`);
    await page.getByRole('button', { name: 'Load version 1' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Throw unsaved work away').check();
    await dialog.getByText('nothing brings it back').waitFor();
    await dialog.getByRole('button', { name: 'Load version 1' }).click();
    await page.getByText('Version 1 was loaded').waitFor();
    expect(await jean.rose.versions.list.query({ projectId: id })).toHaveLength(1);
  });

  test('what a load must leave as it is is named before', async () => {
    const frances = await ui.orchestrator.signUp('Frances');
    const id = await projectWith(frances, 'compilers', { held: 'a file' });
    await frances.rose.versions.save.mutate({ projectId: id, message: 'One' });
    await frances.rose.workspace(id).run(['sh', '-c', 'rm held; mkfifo held']);
    const page = await ui.visitAs(frances, `/project/${id}/versions`);
    await page.getByRole('button', { name: 'Load version 1' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('1 path in conflict').waitFor();
    await dialog.getByRole('listitem').filter({ hasText: 'held' }).first().waitFor();
  });

  test('the last load can be undone later too; where there is none, that is said', async () => {
    const hedy = await ui.orchestrator.signUp('Hedy');
    const id = await projectWith(hedy, 'hopping', { a: 'one' });
    await hedy.rose.versions.save.mutate({ projectId: id, message: '' });
    const page = await ui.visitAs(hedy, `/project/${id}/versions`);
    await page.getByRole('button', { name: 'Undo the last load' }).click();
    await page.getByText('There is no load to undo in this project.').waitFor();
    await write(hedy, id, 'a', 'two');
    await hedy.rose.versions.load.mutate({ projectId: id, version: 1 });
    await page.reload();
    await page.getByRole('button', { name: 'Undo the last load' }).click();
    await page.getByText('Undone: version 2 is back').waitFor();
    expect((await hedy.rose.workspace(id).files.read.query({ path: 'a' })).content).toBe('two');
  });
});
