import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { answerFailure, nothingHere } from './failures.ts';
import { pathOf } from './gate.ts';

/** Below these the UI's page never answers: what is not there is said to be not there. */
const NOT_THE_UI = /^\/(trpc|projects|healthz|readyz|metrics|_app)(\/|$)/;
const IMMUTABLE = '/_app/immutable/';
const FALLBACK = 'index.html';
const UNBUILT = `<!doctype html><meta charset="utf-8"><title>RoSE</title>
<p>RoSE runs, but its web UI has not been built. Run <code>npm run build</code> and start RoSE again.</p>
`;

/** Serves the built web UI of `folder`, with its page for every address that a person may open. */
export async function addUi(server: FastifyInstance, folder: string): Promise<void> {
  const page = path.join(folder, FALLBACK);
  const isBuilt = existsSync(page);
  const policy = policyFor(isBuilt ? readFileSync(page, 'utf8') : UNBUILT);
  const asPage = (reply: FastifyReply): FastifyReply =>
    reply.header('content-security-policy', policy).header('cache-control', 'no-cache');
  if (isBuilt) {
    await server.register(fastifyStatic, {
      root: folder,
      wildcard: false,
      index: false,
      cacheControl: false,
      setHeaders: (reply, file) => {
        if (file.endsWith('.html')) asPage(reply);
        else
          reply.header('cache-control', file.includes(IMMUTABLE) ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });
  }
  server.setNotFoundHandler((request, reply) => {
    if (!isNavigation(request)) return answerFailure(nothingHere(request), request, reply);
    return isBuilt ? reply.sendFile(FALLBACK) : asPage(reply).type('text/html').send(UNBUILT);
  });
}

function isNavigation(request: FastifyRequest): boolean {
  const { method, headers } = request;
  const isRead = method === 'GET' || method === 'HEAD';
  return isRead && !NOT_THE_UI.test(pathOf(request)) && (headers.accept ?? '').includes('text/html');
}

/**
 * Scripts: ours, and those that SvelteKit wrote into the page, by hash. Styles may be inline:
 * the editor and the terminal make theirs at run time.
 */
function policyFor(html: string): string {
  const scripts = [...html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)].map(
    ([, script = '']) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  );
  return [
    "default-src 'none'",
    `script-src ${["'self'", ...scripts].join(' ')}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "manifest-src 'self'",
    "worker-src 'self' blob:",
    "base-uri 'none'",
    "object-src 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}
