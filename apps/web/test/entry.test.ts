import { expect, test } from 'vitest';
import { describeUi } from './support/browser.ts';

const PASSWORD = 'looms weave algebraic patterns';

describeUi('signing up and in', (ui) => {
  test('a person who signs up sees an empty project list', async () => {
    const page = await ui.visit('/');
    await page.getByRole('link', { name: 'Sign up' }).click();
    await page.getByLabel('Name').fill('Ada Lovelace');
    await page.getByLabel('E-mail').fill('ada@example.org');
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign up' }).click();
    await page.getByRole('heading', { name: 'Projects' }).waitFor();
    await page.getByText('No projects yet').waitFor();
    expect(await page.title()).toBe('Projects · RoSE');
  });

  test('a wrong password says so without saying which part was wrong', async () => {
    const grace = await ui.orchestrator.signUp('Grace');
    const answers = [];
    for (const email of [grace.email, 'nobody@example.org']) {
      const page = await ui.visit('/sign-in');
      await page.getByLabel('E-mail').fill(email);
      await page.getByLabel('Password', { exact: true }).fill('not the password');
      await page.getByRole('button', { name: 'Sign in' }).click();
      answers.push(await page.getByRole('alert').innerText());
      expect(await page.locator('[aria-invalid="true"]').count()).toBe(0);
    }
    expect(answers[0]).toBe('The e-mail address or the password is wrong.');
    expect(answers[1]).toBe(answers[0]);
  });

  test('what a field lacks is said at the field, and the first such field has the focus', async () => {
    const page = await ui.visit('/sign-up');
    await page.getByLabel('Name').fill('Katherine');
    await page.getByLabel('E-mail').fill('katherine');
    await page.getByLabel('Password', { exact: true }).fill('short');
    await page.getByRole('button', { name: 'Sign up' }).click();
    await page.getByText('This is not an e-mail address.').waitFor();
    await page.getByText('A password has 8 to 128 characters.').waitFor();
    expect(await page.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('email');
    expect(await page.getByLabel('E-mail').getAttribute('aria-describedby')).toMatch(/error/);
  });

  test('an e-mail address that has an account, and a common password, are refused at their fields', async () => {
    const barbara = await ui.orchestrator.signUp('Barbara');
    const page = await ui.visit('/sign-up');
    await page.getByLabel('Name').fill('Another');
    await page.getByLabel('E-mail').fill(barbara.email);
    await page.getByLabel('Password', { exact: true }).fill('password123');
    await page.getByRole('button', { name: 'Sign up' }).click();
    await page.locator('input[name=password][aria-invalid=true]').waitFor();
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign up' }).click();
    await page.locator('input[name=email][aria-invalid=true]').waitFor();
    await page.getByText(`There is an account for ${barbara.email} already.`).waitFor();
  });

  test('signing in leads to the page that was asked for, and never to another site', async () => {
    const radia = await ui.orchestrator.signUp('Radia');
    for (const [next, leadsTo] of [
      ['/settings', '/settings'],
      ['//evil.example/', '/'],
      ['https://evil.example/', '/'],
      ['javascript:alert(1)', '/'],
    ] as const) {
      const page = await ui.visit(`/sign-in?next=${encodeURIComponent(next)}`);
      await page.getByLabel('E-mail').fill(radia.email);
      await page.getByLabel('Password', { exact: true }).fill(radia.password);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('button', { name: 'Account of Radia' }).waitFor();
      expect(page.url()).toBe(`${ui.orchestrator.url}${leadsTo}`);
    }
  });

  test('who signs out must sign in again to see anything', async () => {
    const page = await ui.visitAs(await ui.orchestrator.signUp('Hedy'));
    await page.getByRole('button', { name: 'Account of Hedy' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await page.goto('/settings');
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    expect(page.url()).toBe(`${ui.orchestrator.url}/sign-in?next=%2Fsettings`);
  });

  test('a session that was ended elsewhere leads to the sign-in page at the next deed', async () => {
    const annie = await ui.orchestrator.signUp('Annie');
    const page = await ui.visitAs(annie);
    await page.getByText('No projects yet').waitFor();
    await annie.rose.accounts.signOut.mutate();
    await page.getByRole('button', { name: 'New project' }).click();
    await page.getByLabel('Name').fill('eniac');
    await page.getByRole('button', { name: 'Create project' }).click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
  });

  test('an address that leads nowhere says so', async () => {
    const page = await ui.visitAs(await ui.orchestrator.signUp('Mary'), '/no-such-page');
    await page.getByText('There is nothing at this address').waitFor();
    await page.goto('/project/abc');
    await page.getByText('There is nothing at this address').waitFor();
  });
});
