import adapter from '@sveltejs/adapter-static';
import { sveltekit } from '@sveltejs/kit/vite';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig, type ProxyOptions } from 'vite';

/** Where `npm run dev` finds the orchestrator. */
const ORCHESTRATOR = `http://127.0.0.1:${process.env['ROSE_PORT'] || '4000'}`;

/** The orchestrator takes changes only from pages of its own origin, which in development is Vite's. */
const proxy: ProxyOptions = {
  target: ORCHESTRATOR,
  changeOrigin: true,
  ws: true,
  headers: { origin: ORCHESTRATOR },
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
