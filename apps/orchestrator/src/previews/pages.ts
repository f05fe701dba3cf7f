import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RoseError } from '@rose/contract';
import type { Place } from './preview-hosts.ts';

/** What RoSE itself says on a preview's host. */
export interface Page {
  status: number;
  title: string;
  text: string;
  /** Where to go from here. */
  link?: { href: string; text: string };
}

const STYLE =
  ':root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:18vh auto 0;padding:0 1.5rem}' +
  'h1{font-size:1.3rem}p{opacity:.85}';
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Answers with a page, or its words alone for who takes no HTML; nothing in it runs. */
export function sendPage(request: IncomingMessage, response: ServerResponse, page: Page): void {
  if (response.headersSent) return void request.socket.destroy();
  const isHtml = (request.headers.accept ?? '').includes('text/html');
  const body = isHtml ? htmlOf(page) : `${page.title}. ${page.text}\n`;
  response.writeHead(page.status, {
    'content-type': `text/${isHtml ? 'html' : 'plain'}; charset=utf-8`,
    'content-length': Buffer.byteLength(body),
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
    'cache-control': 'no-store',
    // What is still sent of the request is not waited for.
    ...(request.complete ? {} : { connection: 'close' }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function htmlOf({ title, text, link }: Page): string {
  const more = link === undefined ? '' : `<p><a href="${escapeHtml(link.href)}">${escapeHtml(link.text)}</a></p>\n`;
  return (
    `<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n` +
    `<title>${escapeHtml(title)}</title>\n<style>${STYLE}</style>\n` +
    `<h1>${escapeHtml(title)}</h1>\n<p>${escapeHtml(text)}</p>\n${more}</html>\n`
  );
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** The same whether there is such a project or not. */
export function notLetIn({ projectId }: Place, roseUrl: string): Page {
  return {
    status: 401,
    title: 'Open this preview from RoSE',
    text: 'Members of its project may look at it, and people with a link that is still good.',
    link: { href: `${roseUrl}/project/${projectId}/ports`, text: 'Go to the project' },
  };
}

export function foreignPage(): Page {
  return {
    status: 403,
    title: 'Not for pages of others',
    text: 'A page of another site, or of another project, asked for this. Only pages of the same project may.',
  };
}

export function notHere(): Page {
  return {
    status: 404,
    title: 'Nothing here',
    text: 'Addresses below /.rose/ are RoSE’s own; the app never sees them.',
  };
}

export function badAddress(): Page {
  return { status: 400, title: 'No such address', text: 'A preview answers to paths alone.' };
}

export function asleep(): Page {
  return {
    status: 503,
    title: 'The project is stopped',
    text: 'Its dev container starts when somebody opens this address; a page that is left open does not start it.',
  };
}

/** A failure of RoSE's own, in its words. */
export function failed(error: RoseError): Page {
  return {
    status: error.status === 499 ? 503 : error.status,
    title: 'The preview cannot be shown',
    text: error.message,
  };
}
