import type { Project, SaveResult } from '@rose/contract';
import { encodePathParameter } from '@rose/contract/streams';
import type { AppRouter } from '@rose/orchestrator/router';
import type { TRPCClient } from '@trpc/client';
import type { Fetch, Upload } from './fetch.ts';
import { Http } from './http.ts';
import { joined } from './joined.ts';
import { orchestratorProcedures } from './procedures.ts';
import { workspaceOf, type CallOptions, type Workspace } from './workspace.ts';

export interface RoseClientOptions {
  /** Where RoSE is; '' in a browser for the page's own origin. */
  url: string;
  /** An API token or a session's id; missing: nobody, or whom the browser's cookie names. */
  token?: string;
  /**
   * Node only: called with the id of the session that a sign-up or sign-in began, and with null
   * when it ended. The client itself uses it from then on.
   */
  onSession?: (session: string | null) => void;
}

/** What is not a procedure: bytes. */
export interface RoseStreams {
  /** The live workspace of a project; using it wakes its container. */
  workspace(projectId: number): Workspace;
  /** A file of a version; no container is started. */
  versionFile(
    projectId: number,
    version: number,
    path: string,
    options?: CallOptions,
  ): Promise<ReadableStream<Uint8Array>>;
  versionZip(projectId: number, version: number, options?: CallOptions): Promise<ReadableStream<Uint8Array>>;
  /** Makes a version of a zip; the live workspace stays as it is. */
  importZip(projectId: number, zip: Upload, options?: CallOptions): Promise<SaveResult>;
  /** A project with all its versions as one file, which any installation makes a project of. */
  history(projectId: number, options?: CallOptions): Promise<ReadableStream<Uint8Array>>;
  importHistory(
    project: { name: string; description?: string | undefined },
    file: Upload,
    options?: CallOptions,
  ): Promise<Project>;
}

/** The one typed door to RoSE. Every failure arrives as a RoseError. */
export type RoseClient = TRPCClient<AppRouter> & RoseStreams;

export function buildRoseClient({ url, token, onSession }: RoseClientOptions, fetch: Fetch): RoseClient {
  const http = new Http({ base: url.replace(/\/+$/, ''), fetch, token: token ?? null, onSession });
  const streams: RoseStreams = {
    workspace: (projectId) => workspaceOf(http, projectId),
    versionFile: (projectId, version, path, options) =>
      http.bytes({
        method: 'GET',
        path: `/projects/${projectId}/versions/${version}/file?path=${encodePathParameter(path)}`,
        ...options,
      }),
    versionZip: (projectId, version, options) =>
      http.bytes({ method: 'GET', path: `/projects/${projectId}/versions/${version}.zip`, ...options }),
    importZip: (projectId, body, options) =>
      http.json({ method: 'POST', path: `/projects/${projectId}/import`, body, type: 'application/zip', ...options }),
    history: (projectId, options) =>
      http.bytes({ method: 'GET', path: `/projects/${projectId}/history.rose`, ...options }),
    importHistory: ({ name, description = '' }, body, options) =>
      http.json({
        method: 'POST',
        path: `/projects/import-history?${new URLSearchParams({ name, description }).toString()}`,
        body,
        type: 'application/octet-stream',
        ...options,
      }),
  };
  return joined(streams, orchestratorProcedures(http));
}
