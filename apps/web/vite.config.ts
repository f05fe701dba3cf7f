import type { ClientRequest, IncomingMessage } from 'node:http';
import adapter from '@sveltejs/adapter-static';
import { sveltekit } from '@sveltejs/kit/vite';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig, type ProxyOptions } from 'vite';

/** Where `npm run dev` finds the orchestrator. */
const ORCHESTRATOR = `http://127.0.0.1:${process.env['ROSE_PORT'] || '4000'}`;

/** The orchestrator takes changes from pages of its own origin only: in development those are Vite's, and no others. */
function vouch(request: ClientRequest, { headers }: IncomingMessage): void {
  if (headers.origin === `http://${headers.host}`) request.setHeader('origin', ORCHESTRATOR);
}

const proxy: ProxyOptions = {
  target: ORCHESTRATOR,
  changeOrigin: true,
  ws: true,
  configure: (server) => {
    server.on('proxyReq', vouch);
    server.on('proxyReqWs', vouch);
  },
};

export default defineConfig({
  plugins: [
    tailwindcss(),
    sveltekit({
      adapter: adapter({ fallback: 'index.html' }),
      compilerOptions: { runes: true },
    }),
  ],
  server: {
    proxy: { '/trpc': proxy, '/projects': proxy, '/readyz': proxy, '/healthz': proxy },
  },
});
