import { expect, test } from 'vitest';
import { describeUi } from './support/browser.ts';
import { projectWith, write } from './support/projects.ts';

describeUi('files', (ui) => {
  test('a file named like HTML, and HTML in a file, show as text', async () => {
    const ada = await ui.orchestrator.signUp('Ada');
    const name = '<img src=x onerror=alert(1)>';
    const id = await projectWith(ada, 'engine', { [name]: '<script>document.title = "taken"</script>\n' });
    const page = await ui.visitAs(ada, `/project/${id}`);
    await page.getByRole('treeitem', { name }).click();
    await page.getByText('<script>document.title = "taken"</script>').waitFor();
    expect(await page.locator('main img').count()).toBe(0);
    expect(await page.title()).toBe('engine · RoSE');
    await page.getByRole('button', { name: /unsaved change/ }).click();
    await page.getByRole('dialog').getByText(name).waitFor();
  });

  test('a binary file shows its bytes, an empty one that it is empty, a long one its beginning', async () => {
    const grace = await ui.orchestrator.signUp('Grace');
    const id = await projectWith(grace, 'cobol', { empty: '', long: 'a line of text\n'.repeat(50_000) });
    const content = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0x00, 0xff]).toString('base64');
    await grace.rose.workspace(id).files.write.mutate({ path: 'binary', content, encoding: 'base64' });
    const page = await ui.visitAs(grace, `/project/${id}?path=binary`);
    await page.getByText('7f 45 4c 46 00 ff').waitFor();
    await page.getByRole('treeitem', { name: 'empty' }).click();
    await page.getByText('This file is empty.').waitFor();
    await page.getByRole('treeitem', { name: 'long' }).click();
    await page.getByText('only its beginning is shown').waitFor();
  });

  test('a name that is not UTF-8, or hides characters, is shown by escapes and can be opened', async () => {
    const barbara = await ui.orchestrator.signUp('Barbara');
    const id = await projectWith(barbara, 'clu', {
      'byte-\udcff.txt': 'of one byte\n',
      'ex\u202etxt.exe': 'turned around\n',
      'two\nlines': 'broken\n',
    });
    const page = await ui.visitAs(barbara, `/project/${id}`);
    for (const [shown, text] of [
      ['byte-\\xff.txt', 'of one byte'],
      ['ex\\u202etxt.exe', 'turned around'],
      ['two\\nlines', 'broken'],
    ] as const) {
      await page.getByRole('treeitem', { name: shown }).click();
      await page.getByLabel('The chosen file').getByText(text).waitFor();
      await page.reload();
      await page.getByLabel('The chosen file').getByText(text).waitFor();
    }
  });

  test('the tree can be walked with the keyboard alone', async () => {
    const radia = await ui.orchestrator.signUp('Radia');
    const id = await projectWith(radia, 'bridges', { 'src/deep/leaf.txt': 'found\n', 'z.txt': 'z\n' });
    const page = await ui.visitAs(radia, `/project/${id}`);
    await page.getByRole('treeitem', { name: 'src' }).focus();
    const focused = async (name: string): Promise<void> => await page.locator(':focus', { hasText: name }).waitFor();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('treeitem', { name: 'deep' }).waitFor();
    await page.keyboard.press('ArrowRight');
    await focused('deep');
    await page.keyboard.press('Enter');
    await page.getByRole('treeitem', { name: 'leaf.txt' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await focused('leaf.txt');
    await page.keyboard.press('Enter');
    await page.getByLabel('The chosen file').getByText('found').waitFor();
    await page.keyboard.press('ArrowLeft');
    await focused('deep');
    await page.keyboard.press('End');
    await focused('z.txt');
    await page.keyboard.press('Home');
    await focused('src');
    await page.keyboard.press('ArrowLeft');
    expect(await page.getByRole('treeitem').count()).toBe(2);
  });

  test('the files are looked at again on demand, and what was open stays open', async () => {
    const hedy = await ui.orchestrator.signUp('Hedy');
    const id = await projectWith(hedy, 'hopping', { 'src/a.txt': 'before\n' });
    const page = await ui.visitAs(hedy, `/project/${id}?path=src/a.txt`);
    await page.getByText('before').waitFor();
    await write(hedy, id, 'src/a.txt', 'after\n');
    await write(hedy, id, 'src/b.txt', 'new\n');
    await page.getByRole('button', { name: 'Look at the files again' }).click();
    await page.getByRole('treeitem', { name: 'b.txt' }).waitFor();
    await page.getByLabel('The chosen file').getByText('after').waitFor();
  });

  test('a file can be downloaded as it is', async () => {
    const mary = await ui.orchestrator.signUp('Mary');
    const id = await projectWith(mary, 'apollo', { 'guide.txt': 'PRO\n' });
    const page = await ui.visitAs(mary, `/project/${id}?path=guide.txt`);
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download the file' }).click();
    const file = await download;
    expect(file.suggestedFilename()).toBe('guide.txt');
    const chunks = await (await file.createReadStream()).toArray();
    expect(Buffer.concat(chunks).toString()).toBe('PRO\n');
  });

  test('a directory can be downloaded as a zip, and its arrow opens it while the file beside it stays', async () => {
    const frances = await ui.orchestrator.signUp('Frances');
    const id = await projectWith(frances, 'compilers', { 'src/a.txt': 'a', 'z.txt': 'stays\n' });
    const page = await ui.visitAs(frances, `/project/${id}?path=z.txt`);
    await page.getByText('stays').waitFor();
    await page.getByRole('treeitem', { name: 'src' }).locator('svg').first().click();
    await page.getByRole('treeitem', { name: 'a.txt' }).waitFor();
    await page.getByText('stays').waitFor();
    await page.getByRole('treeitem', { name: 'src' }).getByText('src').click();
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download the directory as zip' }).click();
    const file = await download;
    expect(file.suggestedFilename()).toBe('src.zip');
    const chunks = await (await file.createReadStream()).toArray();
    expect(Buffer.concat(chunks).subarray(0, 2).toString()).toBe('PK');
  });
});
