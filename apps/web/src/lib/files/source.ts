import {
  encodePathParameter,
  STREAMS,
  type DirectoryEntry,
  type SearchMode,
  type SearchOrder,
  type SearchPiece,
} from '@rose/contract';
import { rose } from '#lib/api/rose.ts';
import { asQuery } from '#lib/paths.ts';

/** One page of a directory. */
export interface Listing {
  entries: DirectoryEntry[];
  /** Where the next page begins; null on the last. */
  next: string | null;
}

/** What is searched for. */
export type SearchWish = Pick<SearchOrder, 'pattern' | 'literal' | 'ignoreCase' | 'include'>;

/** A tree of files that can be looked at: the live workspace or a version. */
export interface FileSource {
  readonly projectId: number;
  list(path: string, cursor: string, signal: AbortSignal): Promise<Listing>;
  /** The bytes of a file, at least the first `most` if it has as many. */
  read(path: string, most: number, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>;
  /** Hits as they are found, the summary last. */
  search(mode: SearchMode, wish: SearchWish, signal: AbortSignal): Promise<AsyncIterable<SearchPiece<SearchMode>>>;
  /** The files may change at any time, and reading a link reads what it points to. */
  readonly isLive: boolean;
  /** The address of a file's bytes, for saving it. */
  bytesAt(path: string): string;
  /** The address of a directory as a zip; null where there is none to be had. */
  zipAt(path: string): string | null;
  /** The page that shows a path of this tree, at a line if one is named. */
  pageAt(path: string, line?: number): string;
}

/** The live files: waking the project if it is asleep. */
export function liveFiles(projectId: number): FileSource {
  return {
    projectId,
    isLive: true,
    list: (path, cursor, signal) => rose.workspace(projectId).files.list.query({ path, cursor }, { signal }),
    read: (path, most, signal) => rose.workspace(projectId).readFile(path, { length: most, signal }),
    search: (mode, wish, signal) => rose.workspace(projectId).search[mode].query(wish, { signal }),
    bytesAt: (path) => `/projects/${projectId}/agent/-/${STREAMS.readFile}?path=${encodePathParameter(path)}`,
    zipAt: (path) => `/projects/${projectId}/agent/-/${STREAMS.zip}?path=${encodePathParameter(path)}`,
    pageAt: (path, line) => `/project/${projectId}${asQuery(path)}${atLine(line)}`,
  };
}

/** The files of a version: no container is needed. */
export function versionFiles(projectId: number, version: number): FileSource {
  return {
    projectId,
    isLive: false,
    list: (path, cursor, signal) => rose.versions.tree.query({ projectId, version, path, cursor }, { signal }),
    read: (path, _most, signal) => rose.versionFile(projectId, version, path, { signal }),
    search: (mode, wish, signal) => rose.search[mode].query({ projectId, version, ...wish }, { signal }),
    bytesAt: (path) => `/projects/${projectId}/versions/${version}/file?path=${encodePathParameter(path)}`,
    zipAt: () => null,
    pageAt: (path, line) => `/project/${projectId}/versions/${version}${asQuery(path)}${atLine(line)}`,
  };
}

function atLine(line: number | undefined): string {
  return line === undefined ? '' : `&line=${line}`;
}
