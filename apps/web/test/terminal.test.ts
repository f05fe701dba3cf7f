import { expect, test } from 'vitest';
import { describeUi } from './support/browser.ts';
import { projectWith } from './support/projects.ts';

describeUi('terminal', (ui) => {
  test('keys reach a shell, and its screen is there again after a reload', async () => {
    const ada = await ui.orchestrator.signUp('Ada');
    const id = await projectWith(ada, 'engine', {});
    const page = await ui.visitAs(ada, `/project/${id}/terminal`);
    const rows = page.locator('.xterm-rows');
    await rows.getByText(/\$/).first().waitFor();
    await page.keyboard.type('echo $((6 * 7)) is it\n');
    await rows.getByText('42 is it').waitFor();
    await page.reload();
    await rows.getByText('42 is it').waitFor();
    await page.keyboard.type('echo still $((40 + 3))\n');
    await rows.getByText('still 43').waitFor();
    expect(await rows.getByText('42 is it').count()).toBe(1);
    await page.getByRole('button', { name: 'New terminal' }).click();
    await page.getByRole('button', { name: 'Terminal 2', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Close terminal 2' }).click();
    await rows.getByText('still 43').waitFor();
    await page.locator('.xterm-helper-textarea').focus();
    await page.keyboard.type('exit\n');
    await page.locator('.xterm').waitFor({ state: 'detached' });
  });
});
