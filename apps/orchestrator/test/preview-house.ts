import {
  ask,
  PREVIEW_APP,
  testOrchestrator,
  type Answer,
  type Person,
  type Question,
  type TestOrchestrator,
} from '@rose/testing';
import { vi } from 'vitest';

export const PORT = 5173;

/** An orchestrator with a project of Ada's in which a web server runs. */
export interface PreviewHouse extends AsyncDisposable {
  rose: TestOrchestrator;
  ada: Person;
  project: number;
  /** Host header of a preview; of the app's by default. */
  host(port?: number, projectId?: number): string;
  /** A request to a preview's host, with this cookie. */
  visit(address: string, cookie: string | null, question?: Question & { port?: number }): Promise<Answer>;
  /** The Cookie header of who comes in by this URL; '' for who does not. */
  enter(url: string): Promise<string>;
  /** Runs a program in the project until the test is over. */
  run(argv: string[], ready?: string): Promise<void>;
}

export async function previewHouse(): Promise<PreviewHouse> {
  await using parts = new AsyncDisposableStack();
  const rose = parts.use(await testOrchestrator({ config: { runtime: 'process' } }));
  const ada = await rose.signUp('Ada');
  const { id: project } = await ada.rose.projects.create.mutate({ name: 'shop' });
  const workspace = ada.rose.workspace(project);
  const ended = new AbortController();
  parts.defer(() => ended.abort());
  const run = async (argv: string[], ready = 'ready'): Promise<void> => {
    let out = '';
    const onStdout = (chunk: Uint8Array): void => void (out += Buffer.from(chunk).toString());
    workspace.run(argv, { onStdout, onStderr: onStdout, signal: ended.signal }).catch(() => {});
    await vi.waitFor(() => out.includes(ready) || Promise.reject(new Error(`not ready: ${out}`)), 30_000);
  };
  await workspace.files.write.mutate({ path: 'preview-app.mjs', content: PREVIEW_APP });
  // In the background: a command that runs would itself be a use of the project.
  const start = `setsid node preview-app.mjs ${PORT} > app.log 2>&1 < /dev/null & until [ -s app.log ]; do sleep 0.1; done`;
  await workspace.run(['sh', '-c', start], { timeLimitSeconds: 60 });
  const isOpen = async (): Promise<boolean> => (await workspace.ports.list.query()).some(({ port }) => port === PORT);
  await vi.waitFor(async () => (await isOpen()) || Promise.reject(new Error('the app does not listen')), 30_000);
  const host = (port = PORT, projectId = project): string =>
    `p${projectId}-${port}.localhost:${new URL(rose.url).port}`;
  const visit: PreviewHouse['visit'] = (address, cookie, { port, ...question } = {}) =>
    ask(rose.url + address, {
      ...question,
      headers: { host: host(port), ...(cookie === null ? {} : { cookie }), ...question.headers },
    });
  const owned = parts.move();
  return {
    rose,
    ada,
    project,
    host,
    visit,
    run,
    enter: async (url) => {
      const { host: at, pathname, search } = new URL(url);
      const { headers } = await ask(rose.url + pathname + search, { headers: { host: at } });
      return headers['set-cookie']?.[0]?.split(';', 1)[0] ?? '';
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
