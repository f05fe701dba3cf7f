import { expect, test } from 'vitest';
import { describeUi } from './support/browser.ts';
import { projectWith } from './support/projects.ts';

describeUi('projects', (ui) => {
  test('a new project opens at once, runs, and is in the list', async () => {
    const page = await ui.visitAs(await ui.orchestrator.signUp('Ada'));
    await page.getByRole('button', { name: 'New project' }).click();
    await page.getByLabel('Name').fill('engine');
    await page.getByLabel('Description').fill('Bernoulli numbers');
    await page.keyboard.press('Tab');
    await page.getByRole('button', { name: 'Create project' }).click();
    await page.getByRole('heading', { name: 'engine' }).waitFor();
    await page.getByText('The workspace is empty').waitFor();
    await page.getByRole('button', { name: 'Look again' }).click();
    await page.getByText('The workspace is empty').waitFor();
    await page.getByText('Running', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'Projects', exact: true }).click();
    await page.getByRole('link', { name: /engine Bernoulli numbers/ }).waitFor();
  });

  test('what the start of a new project tells is shown while it is created', async () => {
    const jean = await ui.orchestrator.signUp('Jean');
    const page = await ui.visitAs(jean);
    await page.getByText('No projects yet').waitFor();
    const answered = Promise.withResolvers<void>();
    // An image that takes minutes to build is nothing that this machine has: the answer comes late instead.
    await page.route('**/trpc/projects.create*', async (route) => {
      const response = await route.fetch();
      await answered.promise;
      await route.fulfill({ response });
    });
    await page.getByRole('button', { name: 'New project' }).click();
    await page.getByLabel('Name').fill('betty');
    await page.getByRole('button', { name: 'Create project' }).click();
    const find = async (): Promise<number> => (await jean.rose.projects.list.query())[0]?.id ?? 0;
    await expect.poll(find).toBeGreaterThan(0);
    const id = await find();
    const running = async (): Promise<string> => (await jean.rose.projects.get.query({ projectId: id })).state;
    await expect.poll(running).toBe('running');
    ui.orchestrator.context.services.containers.startLines.tell(id, 'Step 3/12: apt-get update');
    await page.getByRole('log').getByText('Step 3/12: apt-get update').waitFor();
    answered.resolve();
    await page.getByRole('heading', { name: 'betty' }).waitFor();
  });

  test('a name that is taken, or that no project may have, is refused at its field', async () => {
    const grace = await ui.orchestrator.signUp('Grace');
    await projectWith(grace, 'cobol', {});
    const page = await ui.visitAs(grace);
    await page.getByRole('button', { name: 'New project' }).click();
    const name = page.getByLabel('Name');
    for (const [wrong, message] of [
      ['a/b', 'A project name has none of @ : /'],
      ['1234', 'A project name of digits only would be taken for an id.'],
      ['cobol', /cobol/],
    ] as const) {
      await name.fill(wrong);
      await page.getByRole('button', { name: 'Create project' }).click();
      await page.getByRole('dialog').locator('p', { hasText: message }).waitFor();
      expect(await name.getAttribute('aria-invalid')).toBe('true');
    }
  });

  test('a project can be renamed, deleted and undeleted', async () => {
    const barbara = await ui.orchestrator.signUp('Barbara');
    const id = await projectWith(barbara, 'clu', { 'a.txt': 'a' });
    const page = await ui.visitAs(barbara, `/project/${id}/settings`);
    await page.getByLabel('Name of the project').fill('argus');
    await page.getByRole('button', { name: 'Rename' }).click();
    await page.getByRole('heading', { name: 'argus' }).waitFor();

    await page.getByRole('button', { name: 'Delete…' }).click();
    await page.getByRole('button', { name: 'Delete project' }).click();
    await page.getByText('No projects yet').waitFor();
    await page.getByText('Recently deleted (1)').click();
    await page.getByRole('button', { name: 'Undelete argus' }).click();
    await page.getByRole('link', { name: /argus/ }).waitFor();
    expect((await barbara.rose.versions.list.query({ projectId: id })).at(-1)?.files).toBe(1);
  });

  test("another's project and one that never was look the same", async () => {
    const katherine = await ui.orchestrator.signUp('Katherine');
    const id = await projectWith(katherine, 'orbit', {});
    const page = await ui.visitAs(await ui.orchestrator.signUp('Mallory'), `/project/${id}`);
    await page.getByText('There is no such project').waitFor();
    const others = await page.locator('main').innerText();
    await page.goto('/project/999999');
    await page.getByText('There is no such project').waitFor();
    expect(await page.locator('main').innerText()).toBe(others);
  });

  test('a project can be stopped and started', async () => {
    const radia = await ui.orchestrator.signUp('Radia');
    const id = await projectWith(radia, 'bridges', { 'tree.txt': 'spanning' });
    const page = await ui.visitAs(radia, `/project/${id}`);
    await page.getByRole('treeitem', { name: 'tree.txt' }).waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Asleep', { exact: true }).waitFor();
    await page.getByText('The dev container is stopped').waitFor();
    await page.getByRole('link', { name: 'Versions' }).click();
    await page.getByRole('cell', { name: 'On stop', exact: true }).waitFor();
    await page.getByRole('link', { name: 'Files', exact: true }).click();
    await page.getByText('The dev container is stopped').waitFor();
    expect((await radia.rose.projects.get.query({ projectId: id })).state).toBe('asleep');
    await page.getByRole('button', { name: 'Start' }).first().click();
    await page.getByText('Running', { exact: true }).waitFor();
    await page.getByRole('treeitem', { name: 'tree.txt' }).waitFor();
  });

  test('what happens elsewhere is shown at once, on the page of the project and in the list', async () => {
    const frances = await ui.orchestrator.signUp('Frances');
    const id = await projectWith(frances, 'compilers', { 'a.txt': 'optimised' });
    const list = await ui.visitAs(frances);
    await list.getByText('Running', { exact: true }).waitFor();
    const page = await ui.visitAs(frances, `/project/${id}`);
    await page.getByText('Running', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'Versions' }).click();
    await frances.rose.containers.stop.mutate({ projectId: id });
    for (const seen of [page, list]) await seen.getByText('Asleep', { exact: true }).waitFor();
    await ui.orchestrator.context.services.containers.wake(id);
    await page.getByText('Running', { exact: true }).waitFor();
    await ui.orchestrator.context.services.containers.halt(id, 'Stopped because it took the whole disk.');
    await page.getByText('Stopped because it took the whole disk.').waitFor();
    await frances.rose.projects.create.mutate({ name: 'vectors' });
    await list.getByText('vectors').waitFor();
  });

  test('a restart ends what runs in the container and keeps its files', async () => {
    const hedy = await ui.orchestrator.signUp('Hedy');
    const id = await projectWith(hedy, 'hopping', { 'notes.txt': '88 keys' });
    const page = await ui.visitAs(hedy, `/project/${id}`);
    await page.getByRole('treeitem', { name: 'notes.txt' }).waitFor();
    const before = await ui.orchestrator.context.services.containers.project(id);
    await page.getByRole('button', { name: 'Restart' }).click();
    await expect
      .poll(async () => (await ui.orchestrator.context.services.containers.project(id)).containerId)
      .not.toBe(before.containerId);
    await page.getByText('Running', { exact: true }).waitFor();
    await page.getByRole('treeitem', { name: 'notes.txt' }).waitFor();
  });

  test('who opens a sleeping project wakes it by looking at its files', async () => {
    const mary = await ui.orchestrator.signUp('Mary');
    const id = await projectWith(mary, 'apollo', { 'guide.txt': 'PRO' });
    await mary.rose.containers.stop.mutate({ projectId: id });
    const page = await ui.visitAs(mary, `/project/${id}`);
    await page.getByRole('treeitem', { name: 'guide.txt' }).waitFor();
    await page.getByText('Running', { exact: true }).waitFor();
  });

  test('an installation that does not isolate its projects says so on every page', async () => {
    const annie = await ui.orchestrator.signUp('Annie');
    const page = await ui.visitAs(annie);
    await page.getByText('No projects yet').waitFor();
    expect(await page.getByText('not isolated').count()).toBe(0);
    // A machine without any sandbox is nothing that a test can make.
    await page.route('/readyz', (route) =>
      route.fulfill({
        json: {
          status: 'ready',
          runtime: 'process',
          isolation: { level: 'none', description: 'There is no sandbox.' },
        },
      }),
    );
    for (const path of ['/', '/settings']) {
      await page.goto(path);
      await page.getByText('Projects are not isolated from this machine').waitFor();
    }
  });
});
