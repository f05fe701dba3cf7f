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
});
