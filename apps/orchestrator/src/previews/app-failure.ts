import { RoseError } from '@rose/contract';
import { failed, type Page } from './pages.ts';

/** Bytes of the headers of an app's answer. */
export const MAX_ANSWER_HEADER_BYTES = 64 * 1024;
/** Nothing was heard of an app for so long, ms. */
export const ANSWER_MS = 120_000;

/** Why nothing came of an app, in words of this side: what the container itself says of it is no text for a page. */
export function appFailure(error: unknown, port: number): Page {
  const app = `The app on port ${port}`;
  if (error instanceof RoseError) {
    switch (error.code) {
      case 'NOT_FOUND':
        return {
          status: 502,
          title: `Nothing listens on port ${port}`,
          text: `Start the server in the dev container, on localhost or on every address, then reload this page.`,
        };
      case 'TIMEOUT':
        return { status: 504, title: `Port ${port} does not answer`, text: `${app} takes no connections.` };
      default:
        return failed(error);
    }
  }
  const code = (error as { code?: unknown } | null)?.code;
  if (code === 'HPE_HEADER_OVERFLOW')
    return broken(app, `The headers of its answer are larger than ${MAX_ANSWER_HEADER_BYTES / 1024} KiB.`);
  if (typeof code === 'string' && code.startsWith('HPE_'))
    return broken(app, 'What it answers is not HTTP. A server that speaks TLS, or another protocol, has no preview.');
  return broken(app, 'It broke off before it answered.');
}

export function noAnswer(port: number): Page {
  const text = `It has not begun to answer for ${ANSWER_MS / 1000} seconds.`;
  return { status: 504, title: `The app on port ${port} does not answer`, text };
}

function broken(app: string, text: string): Page {
  return { status: 502, title: `${app} did not answer as a web server does`, text };
}
