import { expect, test } from 'vitest';
import { describeUi } from './support/browser.ts';
import { projectWith } from './support/projects.ts';

describeUi('sharing', (ui) => {
  test('an owner shares a project, changes the role and takes it back; a stranger’s address is refused with the reason', async () => {
    const ada = await ui.orchestrator.signUp('Ada');
    const grace = await ui.orchestrator.signUp('Grace');
    const id = await projectWith(ada, 'engine', { a: '1' });
    const page = await ui.visitAs(ada, `/project/${id}`);
    await page.getByRole('link', { name: 'Members' }).click();
    await page.getByRole('listitem').filter({ hasText: 'ada@example.org' }).getByText('Owner').waitFor();
    const email = page.getByLabel('E-mail');
    const share = page.getByRole('button', { name: 'Share' });
    await email.fill('nobody@example.org');
    await share.click();
    await page.getByText('He has to sign up before you can share with him.').waitFor();
    await email.fill('not an address');
    await share.click();
    await page.locator('input[name=email][aria-invalid=true]').waitFor();
    await email.fill(grace.email);
    await share.click();
    const role = page.getByLabel(`Role of ${grace.email}`);
    await role.waitFor();
    expect(await role.inputValue()).toBe('viewer');

    const hers = await ui.visitAs(grace, `/project/${id}/members`);
    await hers.getByRole('listitem').filter({ hasText: grace.email }).getByText('You').waitFor();
    expect(await hers.getByRole('button', { name: /^(Share|Remove)/ }).count()).toBe(0);

    await role.selectOption('editor');
    const roleOfGrace = async (): Promise<string> => (await grace.rose.projects.get.query({ projectId: id })).role;
    await expect.poll(roleOfGrace).toBe('editor');
    await page.getByRole('button', { name: `Remove ${grace.email}` }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await role.waitFor({ state: 'detached' });
    await hers.getByText('There is no such project').waitFor();
  });

  test('who was invited can leave again', async () => {
    const barbara = await ui.orchestrator.signUp('Barbara');
    const radia = await ui.orchestrator.signUp('Radia');
    const id = await projectWith(barbara, 'clu', {});
    await barbara.rose.projects.members.add.mutate({ projectId: id, email: radia.email, role: 'editor' });
    const page = await ui.visitAs(radia, `/project/${id}/members`);
    await page.getByRole('button', { name: 'Leave…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Leave project' }).click();
    await page.getByText('No projects yet').waitFor();
    expect(await barbara.rose.projects.members.list.query({ projectId: id })).toHaveLength(1);
  });

  test('a viewer forks a version into a project of his own, which says where it comes from', async () => {
    const katherine = await ui.orchestrator.signUp('Katherine');
    const mary = await ui.orchestrator.signUp('Mary');
    const id = await projectWith(katherine, 'orbit', { 'track.csv': '1,2,3\n' });
    await katherine.rose.versions.save.mutate({ projectId: id, message: 'Tracks' });
    await katherine.rose.projects.members.add.mutate({ projectId: id, email: mary.email, role: 'viewer' });
    const page = await ui.visitAs(mary, `/project/${id}/versions`);
    await page.getByRole('button', { name: 'More for version 1' }).click();
    await page.getByRole('menuitem', { name: 'Fork as a new project…' }).click();
    const name = page.getByLabel('Name', { exact: true });
    expect(await name.inputValue()).toBe('orbit fork');
    await name.fill('a/b');
    await page.getByRole('button', { name: 'Fork', exact: true }).click();
    await page.getByText('A project name has none of @ : /').waitFor();
    await name.fill('apollo');
    await page.getByRole('button', { name: 'Fork', exact: true }).click();
    await page.getByRole('heading', { name: 'apollo' }).waitFor();
    await page.getByRole('treeitem', { name: 'track.csv' }).waitFor();
    await page.getByRole('link', { name: 'version 1 of orbit' }).waitFor();

    await katherine.rose.projects.members.remove.mutate({ projectId: id, email: mary.email });
    await page.reload();
    await page.getByText('Forked from version 1 of a project that you cannot see').waitFor();
    await page.getByRole('treeitem', { name: 'track.csv' }).waitFor();
  });
});
