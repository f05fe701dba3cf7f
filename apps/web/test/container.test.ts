import { expect, test } from 'vitest';
import { describeUi } from './support/browser.ts';
import { projectWith } from './support/projects.ts';

describeUi('container', (ui) => {
  test('what a container uses, runs and was refused is shown, and a process can be ended', async () => {
    const ada = await ui.orchestrator.signUp('Ada');
    const id = await projectWith(ada, 'engine', {});
    const workspace = ada.rose.workspace(id);
    const running = workspace.run(['sleep', '4242']);
    await workspace.run(['curl', '-s', 'http://10.1.2.3/']);
    const page = await ui.visitAs(ada, `/project/${id}`);
    await page.getByRole('link', { name: 'Container' }).click();
    await page.getByText(/MiB of 2\.0 GiB/).waitFor();
    await page.getByText('10.1.2.3:80').waitFor();
    const row = page.getByRole('row', { name: /sleep 4242/ });
    await row.getByRole('button', { name: 'End' }).click();
    expect(await running).toMatchObject({ code: null, signal: 'SIGTERM' });
    await row.waitFor({ state: 'detached' });
  });

  test('looking at a container that sleeps does not wake it', async () => {
    const grace = await ui.orchestrator.signUp('Grace');
    const id = await projectWith(grace, 'cobol', {});
    await grace.rose.containers.stop.mutate({ projectId: id });
    const page = await ui.visitAs(grace, `/project/${id}/container`);
    await page.getByText(/0 B of 2\.0 GiB/).waitFor();
    await page.getByText('Nothing was refused').waitFor();
    expect((await grace.rose.containers.status.query({ projectId: id })).state).toBe('asleep');
  });

  test('what a start tells is shown while it goes on, with what was not taken of devcontainer.json, until it is taken away', async () => {
    const hedy = await ui.orchestrator.signUp('Hedy');
    const file = { features: {}, forwardPorts: [5173], postCreateCommand: 'echo begun; cat ../pipe; echo set up' };
    const id = await projectWith(hedy, 'hopping', { '.devcontainer.json': JSON.stringify(file) });
    await hedy.rose.workspace(id).run(['mkfifo', '../pipe']);
    const page = await ui.visitAs(hedy, `/project/${id}`);
    const log = page.getByRole('log', { name: 'What the start told' });
    await page.getByRole('treeitem', { name: '.devcontainer.json' }).waitFor();
    expect(await log.count()).toBe(0);
    await page.getByRole('button', { name: 'Restart' }).click();
    await log.getByText('.devcontainer.json: "features" is not supported, and ignored.').waitFor();
    await log.getByText('begun', { exact: true }).waitFor();

    await page.getByRole('link', { name: 'Container' }).click();
    await page.getByText('1 part of .devcontainer.json not taken').waitFor();
    await page.getByText('5173', { exact: true }).waitFor();
    await page.getByText('runs', { exact: true }).waitFor();
    await hedy.rose.workspace(id).run(['sh', '-c', 'echo through > ../pipe']);
    await log.getByText('set up', { exact: true }).waitFor();
    await page.getByText('done', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Dismiss' }).click();
    await log.waitFor({ state: 'detached' });
    await page.reload();
    await log.getByText('set up', { exact: true }).waitFor();
  });

  test('a start that somebody else began is shown too, from its beginning', async () => {
    const mary = await ui.orchestrator.signUp('Mary');
    const file = { mounts: [] };
    const id = await projectWith(mary, 'apollo', { '.devcontainer.json': JSON.stringify(file) });
    await mary.rose.containers.stop.mutate({ projectId: id });
    const page = await ui.visitAs(mary, `/project/${id}/versions`);
    await page.getByText('Asleep', { exact: true }).waitFor();
    await mary.rose.containers.start.mutate({ projectId: id });
    await page.getByRole('log').getByText('"mounts" is not supported, and ignored.').waitFor();
  });

  test('the usage goes on over a restart', async () => {
    const frances = await ui.orchestrator.signUp('Frances');
    const id = await projectWith(frances, 'compilers', {});
    const page = await ui.visitAs(frances, `/project/${id}/container`);
    await page.getByText(/MiB of 2\.0 GiB/).waitFor();
    await page.getByRole('button', { name: 'Restart' }).click();
    await page.getByText('Running', { exact: true }).waitFor({ state: 'detached' });
    await page.getByText('Running', { exact: true }).waitFor();
    const script = 'for i in $(seq 100); do setsid sleep 300 < /dev/null > /dev/null 2>&1 & done';
    await frances.rose.workspace(id).run(['sh', '-c', script]);
    await page.getByText(/1\d\d of 1,024/).waitFor();
  });
});
