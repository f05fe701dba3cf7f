import { targetOfAuthority, type Target } from './target.ts';

/** What engines take for Docker Hub: no registry that a project has chosen. */
const HUB = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);
const HTTPS_PORT = 443;

/** Where an engine fetches an image by its name, as Docker reads names; null for Docker Hub. */
export function registryOf(image: string): Target | null {
  const slash = image.indexOf('/');
  const first = image.slice(0, Math.max(0, slash));
  const isHost = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  if (!isHost || HUB.has(first)) return null;
  return targetOfAuthority(/:\d+$/.test(first) ? first : `${first}:${HTTPS_PORT}`);
}
