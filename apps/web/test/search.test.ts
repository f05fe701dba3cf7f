import { expect, test } from 'vitest';
import { describeUi } from './support/browser.ts';
import { projectWith, write } from './support/projects.ts';

describeUi('search', (ui) => {
  test('a version is searched without waking the project, and a hit leads to its line', async () => {
    const ada = await ui.orchestrator.signUp('Ada');
    const long = Array.from({ length: 400 }, (_, i) => (i === 299 ? 'the Needle is here' : `line ${i}`)).join('\n');
    const id = await projectWith(ada, 'engine', { 'src/long.txt': long, 'notes.md': 'no needles\n', 'needle.ts': '' });
    await ada.rose.versions.save.mutate({ projectId: id, message: '' });
    await ada.rose.containers.stop.mutate({ projectId: id });
    const page = await ui.visitAs(ada, `/project/${id}/versions/1`);
    await page.getByRole('button', { name: 'Search the files' }).click();
    await page.keyboard.type('needle');
    await page.keyboard.press('Enter');
    await page.getByText('2 hits in 3 files searched.').waitFor();
    await page.getByRole('link', { name: /300.*the Needle is here/ }).click();
    await page.locator('[data-line="300"]').waitFor();
    expect(
      await page.locator('[data-line="300"]').evaluate((line) => {
        const { top, bottom } = line.getBoundingClientRect();
        return top > 0 && bottom < window.innerHeight;
      }),
    ).toBe(true);

    await page.getByLabel('Match case').check();
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await page.getByText('1 hit in 3 files searched.').waitFor();
    await page.getByLabel('Search in').selectOption('Names');
    await page.getByLabel('Only in').fill('*.ts');
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await page.getByLabel('Hits').getByRole('link', { name: 'needle.ts' }).click();
    await page.getByText('This file is empty.').waitFor();
    expect((await ada.rose.containers.status.query({ projectId: id })).state).toBe('asleep');
  });

  test('the live files are searched as they are, hits show while the search goes on, and it can be cancelled', async () => {
    const grace = await ui.orchestrator.signUp('Grace');
    const id = await projectWith(grace, 'cobol', { 'a.txt': 'aaaa\n', 'b.txt': `${'a'.repeat(60)}!\n` });
    const page = await ui.visitAs(grace, `/project/${id}`);
    await page.getByRole('button', { name: 'Search the files' }).click();
    // Of a kind that takes for ever on the second file.
    await page.getByLabel('Search for').fill('^(a+)+$');
    await page.getByLabel('Regular expression').check();
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await page.getByRole('progressbar', { name: 'Searching…' }).waitFor();
    await page.getByRole('link', { name: /aaaa/ }).waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('Cancelled after 1 hit.').waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);

    await write(grace, id, 'c.txt', 'a(b\n');
    await page.getByLabel('Search for').fill('a(b');
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await page.locator('input[type=search][aria-invalid=true]').waitFor();
    await page.getByLabel('Regular expression').uncheck();
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await page.getByText('1 hit in 3 files searched.').waitFor();
    await page.getByRole('link', { name: /a\(b/ }).waitFor();
  });
});
