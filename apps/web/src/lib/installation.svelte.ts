import { Resource } from './api/resource.svelte.ts';

/** What /readyz tells. */
export interface Readiness {
  status: string;
  runtime: 'docker' | 'process' | null;
  isolation: { level: 'container' | 'sandbox' | 'none'; description: string } | null;
}

/** This installation's health and how well it keeps dev containers apart. */
export const installation = new Resource(async (signal): Promise<Readiness> => {
  // 503 tells its reasons in the same form.
  const response = await fetch('/readyz', { signal });
  return (await response.json()) as Readiness;
});
