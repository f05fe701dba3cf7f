import { expect, test } from 'vitest';
import { describeUi } from './support/browser.ts';
import { projectWith } from './support/projects.ts';

describeUi('settings', (ui) => {
  test('the theme is dark until somebody chooses; the choice holds at once, after a reload and in another browser', async () => {
    const ada = await ui.orchestrator.signUp('Ada');
    const page = await ui.visitAs(ada, '/settings');
    const theme = page.locator('html');
    await page.getByRole('radio', { name: 'Dark' }).and(page.locator(':checked')).waitFor({ state: 'attached' });
    expect(await theme.getAttribute('data-theme')).toBe('dark');
    const dark = await page.evaluate(() => getComputedStyle(document.body).color);
    await page.getByText('Light', { exact: true }).click();
    expect(await theme.getAttribute('data-theme')).toBe('light');
    expect(await page.evaluate(() => getComputedStyle(document.body).color)).not.toBe(dark);
    await expect
      .poll(async () => (await ada.rose.settings.user.get.query()).theme)
      .toEqual({
        value: 'light',
        source: 'user',
      });
    await page.reload();
    expect(await theme.getAttribute('data-theme')).toBe('light');
    const elsewhere = await ui.visitAs(ada);
    await elsewhere.locator('html[data-theme=light]').waitFor();
  });

  test('a setting is kept, shown as one’s own, and goes back to its default', async () => {
    const grace = await ui.orchestrator.signUp('Grace');
    const page = await ui.visitAs(grace, '/settings');
    const size = page.getByRole('spinbutton', { name: 'Editor font size' });
    await size.fill('18');
    await page.getByRole('button', { name: 'Save settings' }).click();
    await page.getByRole('button', { name: 'Reset Editor font size' }).waitFor();
    expect((await grace.rose.settings.user.get.query()).editorFontSize).toEqual({ value: 18, source: 'user' });
    await page.getByRole('button', { name: 'Reset Editor font size' }).click();
    await expect.poll(() => size.inputValue()).toBe('14');
  });

  test('a value outside its bounds is refused at its field and not kept', async () => {
    const barbara = await ui.orchestrator.signUp('Barbara');
    const page = await ui.visitAs(barbara, '/settings');
    const size = page.getByRole('spinbutton', { name: 'Editor font size' });
    await size.fill('500');
    await page.getByRole('button', { name: 'Save settings' }).click();
    await page.locator('input[name=editorFontSize][aria-invalid=true]').waitFor();
    expect((await barbara.rose.settings.user.get.query()).editorFontSize.source).toBe('installation');
  });

  test('a project has its own values, lists and pairs among them', async () => {
    const katherine = await ui.orchestrator.signUp('Katherine');
    const id = await projectWith(katherine, 'orbit', {});
    const page = await ui.visitAs(katherine, `/project/${id}/settings`);
    await page.getByRole('spinbutton', { name: 'Memory (MiB)' }).fill('1024');
    await page.getByLabel('Egress', { exact: true }).selectOption('allow-list');
    await page.getByRole('textbox', { name: 'Egress allow' }).fill('example.org\n*.example.com\n');
    await page.getByRole('textbox', { name: 'Environment' }).fill('STAGE=test\nTEXT="two\\nlines"');
    await page.getByRole('button', { name: 'Save settings' }).click();
    await page.getByRole('button', { name: 'Reset Environment' }).waitFor();
    const settings = await katherine.rose.settings.project.get.query({ projectId: id });
    expect(settings.memoryMiB).toEqual({ value: 1024, source: 'project' });
    expect(settings.egress.value).toBe('allow-list');
    expect(settings.egressAllow.value).toEqual(['example.org', '*.example.com']);
    expect(settings.environment.value).toEqual({ STAGE: 'test', TEXT: 'two\nlines' });
    expect(await page.getByRole('textbox', { name: 'Environment' }).inputValue()).toBe(
      'STAGE=test\nTEXT="two\\nlines"',
    );
  });

  test('another session can be ended, and a changed password ends the others', async () => {
    const radia = await ui.orchestrator.signUp('Radia');
    const page = await ui.visit('/sign-in?next=/settings');
    await page.getByLabel('E-mail').fill(radia.email);
    await page.getByLabel('Password', { exact: true }).fill(radia.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('This one').waitFor();
    await page.getByRole('button', { name: /^End the session of/ }).click();
    await expect.poll(() => page.getByRole('button', { name: /^End the session of/ }).count()).toBe(0);
    await expect(radia.rose.accounts.me.query()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });

    await page.getByLabel('Current password').fill('not the password');
    await page.getByLabel('New password').fill('a spanning tree of many words');
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByText('The current password is wrong.').waitFor();
    await page.getByLabel('Current password').fill(radia.password);
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByText('Your password is changed.').waitFor();
    expect(await page.getByLabel('Current password').inputValue()).toBe('');
  });
});
