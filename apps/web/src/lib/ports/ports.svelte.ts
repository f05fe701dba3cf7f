import type { OpenPort } from '@rose/contract';
import { Deed } from '#lib/api/deed.svelte.ts';
import { Resource } from '#lib/api/resource.svelte.ts';
import { rose } from '#lib/api/rose.ts';

/** The open ports of a project, each with a preview. */
export class Ports {
  readonly list: Resource<OpenPort[]>;
  /** Shows the preview of a port in a tab of its own. */
  readonly open: Deed<[port: number]>;

  constructor(projectId: number) {
    this.list = new Resource((signal) => rose.workspace(projectId).ports.list.query(undefined, { signal }));
    this.open = new Deed(async (port) => {
      // Opened at once: after the answer a browser would take it for a pop-up that nobody asked for.
      const tab = window.open('about:blank');
      try {
        const { url } = await rose.previews.open.mutate({ projectId, port });
        show(tab, url);
      } catch (error) {
        tab?.close();
        throw error;
      }
    });
  }
}

/** A tab that the browser did not open is this one. */
function show(tab: Window | null, url: string): void {
  if (tab === null) return window.location.assign(url);
  // What runs there is not trusted with a handle to this page.
  tab.opener = null;
  tab.location.replace(url);
}
