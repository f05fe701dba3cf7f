import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { PREVIEW_APP, type Person } from '@rose/testing';
import type { Page } from 'playwright-core';
import { expect, test, vi } from 'vitest';
import { describeUi } from './support/browser.ts';
import { projectWith, write } from './support/projects.ts';

const PORT = 5173;

/** Starts a server in the background of a project, and waits until it listens. */
async function serve({ rose }: Person, id: number, command: string, port = PORT): Promise<void> {
  const workspace = rose.workspace(id);
  const start = `setsid ${command} > server.log 2>&1 < /dev/null & until [ -s server.log ]; do sleep 0.1; done`;
  await workspace.run(['sh', '-c', start], { timeLimitSeconds: 60 });
  const look = async (): Promise<void> => {
    if ((await workspace.ports.list.query()).some((open) => open.port === port)) return;
    const { content } = await workspace.files.read.query({ path: 'server.log' });
    throw new Error(`Nothing listens: ${content}`);
  };
  await vi.waitFor(look, { timeout: 60_000, interval: 200 });
}

/** The preview that a click on "Open" shows in a tab of its own. */
async function openPreview(page: Page, port = PORT): Promise<Page> {
  const opened = page.context().waitForEvent('page');
  await page.getByRole('button', { name: `Open the preview of port ${port}` }).click();
  const preview = await opened;
  await preview.waitForURL(/^http:\/\/p\d+-\d+\.localhost:\d+\/$/);
  return preview;
}

/** Copies an installed package, and all that it depends on, into the workspace. */
async function install({ rose }: Person, id: number, name: string, from = import.meta.url, done = new Set<string>()) {
  if (done.has(name)) return;
  done.add(name);
  const root = createRequire(from)
    .resolve.paths(name)!
    .map((folder) => path.join(folder, name));
  for (const folder of root) {
    const files = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => null);
    if (files === null) continue;
    for (const file of files.filter((entry) => entry.isFile())) {
      const source = path.join(file.parentPath, file.name);
      const target = `node_modules/${name}/${path.relative(folder, source)}`;
      await rose.workspace(id).files.mkdir.mutate({ path: path.dirname(target), recursive: true });
      await rose.workspace(id).writeFile(target, new Uint8Array(await readFile(source)));
    }
    const manifest = path.join(folder, 'package.json');
    const { dependencies, optionalDependencies } = JSON.parse(await readFile(manifest, 'utf8')) as Record<
      string,
      object
    >;
    for (const needed of Object.keys({ ...dependencies, ...optionalDependencies }))
      await install({ rose } as Person, id, needed, manifest, done);
    return;
  }
}

describeUi('previews', (ui) => {
  test('a port that is open is listed, and its preview opens on a site that no cookie of RoSE reaches', async () => {
    const ada = await ui.orchestrator.signUp('Ada');
    const id = await projectWith(ada, 'shop', { 'app.mjs': PREVIEW_APP });
    const page = await ui.visitAs(ada, `/project/${id}/ports`);
    await page.getByText('Nothing listens').waitFor();
    await serve(ada, id, `node app.mjs ${PORT}`);
    await page.getByRole('button', { name: 'Look again' }).click();
    await page.getByText('node app.mjs').waitFor();

    const preview = await openPreview(page);
    await preview.getByRole('heading', { name: 'An app' }).waitFor();
    expect(await preview.evaluate(() => ({ cookie: document.cookie, opener: window.opener as unknown }))).toEqual({
      cookie: '',
      opener: null,
    });

    // It comes back without RoSE, and what it sends has neither RoSE's cookies nor the preview's own.
    await preview.reload();
    await preview.evaluate(() => (document.cookie = 'own=1'));
    const seen = await preview.evaluate(
      async () => (await fetch('/echo', { method: 'POST', body: 'x' })).json() as Promise<unknown>,
    );
    expect(seen).toMatchObject({ method: 'POST', headers: { cookie: 'own=1', host: `localhost:${PORT}` } });

    // Nor can it plant one anywhere else.
    await preview.evaluate(() => {
      for (const domain of ['localhost', '.localhost', '127.0.0.1']) document.cookie = `planted=1; domain=${domain}`;
    });
    await preview.evaluate(() => fetch('/answer?set-cookie=planted%3D2%3B%20Domain%3Dlocalhost'));
    const cookies = await page.context().cookies();
    const planted = cookies.filter(({ name }) => name === 'planted').map(({ domain }) => domain);
    expect(planted).toEqual([new URL(preview.url()).hostname]);
    const names = cookies.map(({ name, domain, httpOnly, sameSite }) => ({ name, domain, httpOnly, sameSite }));
    const host = new URL(preview.url()).hostname;
    expect(names).toContainEqual({ name: 'rose-preview', domain: host, httpOnly: true, sameSite: 'Lax' });
  });

  test('a WebSocket of the page reaches the app, and signing out ends it', async () => {
    const grace = await ui.orchestrator.signUp('Grace');
    const id = await projectWith(grace, 'chat', { 'app.mjs': PREVIEW_APP });
    await serve(grace, id, `node app.mjs ${PORT}`);
    const page = await ui.visitAs(grace, `/project/${id}/ports`);
    const preview = await openPreview(page);
    const echo = await preview.evaluate(async () => {
      const socket = new WebSocket(`ws://${location.host}/socket`);
      const told = Promise.withResolvers<string>();
      socket.addEventListener('open', () => socket.send('hello'));
      socket.addEventListener('message', ({ data }) => told.resolve(String(data)));
      socket.addEventListener('close', () => (document.title = 'closed'));
      return await told.promise;
    });
    expect(echo).toBe('hello');
    await page.bringToFront();
    await page.evaluate(async () =>
      fetch('/trpc/accounts.signOut', { method: 'POST', headers: { 'content-type': 'application/json' } }),
    );
    await preview.waitForFunction(() => document.title === 'closed');
    await preview.reload();
    await preview.getByRole('heading', { name: 'Open this preview from RoSE' }).waitFor();
    const link = preview.getByRole('link', { name: 'Go to the project' });
    expect(await link.getAttribute('href')).toBe(`${ui.orchestrator.url}/project/${id}/ports`);
  });

  test('Vite’s dev server runs, and its hot reload changes a page in place', async () => {
    const linus = await ui.orchestrator.signUp('Linus');
    const id = await projectWith(linus, 'vite', {
      'package.json': '{"type":"module"}',
      'index.html':
        '<!doctype html><title>A page</title><p id="word"></p><script type="module" src="/main.js"></script>',
      'main.js':
        "import { word } from './word.js'; const show = (text) => (document.querySelector('#word').textContent = text); show(word);" +
        "import.meta.hot.accept('./word.js', (changed) => show(changed.word));",
      'word.js': "export const word = 'first';",
    });
    await install(linus, id, 'vite');
    await serve(linus, id, `node node_modules/vite/bin/vite.js --port ${PORT} --strictPort`);
    const page = await ui.visitAs(linus, `/project/${id}/ports`);
    const preview = await openPreview(page);
    await preview.getByText('first').waitFor();
    await preview.evaluate(() => Object.assign(window, { isTheSame: true }));
    await write(linus, id, 'word.js', "export const word = 'second';");
    await preview.getByText('second').waitFor();
    expect(await preview.evaluate(() => (window as { isTheSame?: boolean }).isTheSame)).toBe(true);
  });
});
