/**
 * The byte streams of the agent, at `/-/NAME` there and at
 * `/projects/:id/agent/-/NAME` through the orchestrator.
 *
 * An error before the first byte is an `ErrorBody` as JSON with its status. Framed streams
 * report a later one in their own error frame; the others break the connection off.
 */
export const STREAMS = {
  /** GET `path`, `offset`, `length`: the bytes of a file. */
  readFile: 'files.read',
  /** POST `path`, `expectedHash`: the body becomes the file; answers `WrittenFile`. */
  writeFile: 'files.write',
  /** POST, frames both ways: see COMMAND_REQUEST and COMMAND_RESPONSE. */
  runCommand: 'commands.run',
  /** GET `path`: a zip of that directory. */
  zip: 'archive.zip',
  /** POST `path`: the zip in the body is unpacked into that directory, all or nothing. */
  unzip: 'archive.unzip',
  /** POST, for the orchestrator only: the zip in the body as the objects of a save. */
  import: 'archive.import',
  /** POST, for the orchestrator only: the objects of a save. */
  save: 'snapshot.save',
  /** POST, for the orchestrator only: the operations of a load. */
  load: 'snapshot.load',
  /** GET `path`: the tree below that directory, as TREE_FRAMEs (docs/store.md). */
  pull: 'files.pull',
  /** POST `path`, `delete` (0 or 1), TREE_FRAMEs: writes them below that directory; answers `PushedTree`. */
  push: 'files.push',
  /** POST `id`, `after`; through the orchestrator a WebSocket: see TERMINAL_REQUEST and TERMINAL_RESPONSE. */
  attachTerminal: 'terminals.attach',
  /**
   * POST `port`, bytes both ways: a TCP connection to that port of the container's own 127.0.0.1. The first
   * byte of the body is dropped: without one the request would not begin where the server speaks first.
   */
  connectPort: 'ports.connect',
} as const;

/** Frame types from the caller of `commands.run`; the first frame is SPEC. */
export const COMMAND_REQUEST = {
  /** JSON `CommandSpec`. */
  SPEC: 1,
  /** Bytes for stdin. */
  STDIN: 2,
  /** stdin ends; no payload. */
  STDIN_END: 3,
  /** JSON `CommandSignal`. */
  SIGNAL: 4,
} as const;

/** Frame types to the caller of `commands.run`; the last frame is EXIT or ERROR. */
export const COMMAND_RESPONSE = {
  STDOUT: 1,
  STDERR: 2,
  /** JSON `CommandExit`. */
  EXIT: 3,
  /** JSON `ErrorBody`. */
  ERROR: 4,
  /** JSON `CommandStarted`: comes first, unless the command could not be started. */
  STARTED: 5,
} as const;

/** Largest frame that a caller of `commands.run` may send, bytes of payload. */
export const MAX_COMMAND_REQUEST_FRAME = 1024 * 1024;

export interface CommandSpec {
  /** Program and arguments; no shell looks at them. */
  argv: string[];
  /** Directory in the workspace; missing: its root. */
  cwd?: string;
  /** Added to the environment that every command gets. */
  env?: Record<string, string>;
  /** Then the whole process group gets SIGTERM, and SIGKILL soon after. */
  timeLimitSeconds?: number;
  /** Whether STDIN frames follow; else the command reads an empty stdin. */
  stdin?: boolean;
}

export interface CommandSignal {
  /** "SIGINT", "SIGTERM", …: sent to the whole process group. */
  signal: string;
}

export interface CommandStarted {
  /** For `commands.kill`. */
  id: string;
}

export interface CommandExit {
  /** null when a signal ended the command. As in a shell, 127 = not found, 126 = not executable. */
  code: number | null;
  signal: string | null;
  timedOut: boolean;
  /** Why nothing ran; missing when something did. */
  failure?: 'not-found' | 'not-executable';
}

/** What a write of a file answers. */
export interface WrittenFile {
  path: string;
  /** SHA-256, hex: the `expectedHash` of the next write. */
  hash: string;
  size: number;
  /** 12 permission bits. */
  mode: number;
  mtimeNs: string;
}

/** What an unzip answers. */
export interface UnzippedArchive {
  /** Entries that were unpacked, directories included. */
  entries: number;
  /** Bytes of the files in the zip. */
  bytes: number;
  /** Entries below `__MACOSX/`, which are left out. */
  ignored: number;
}

/** What a push answers. */
export interface PushedTree {
  files: number;
  bytes: number;
  /** What the sender could not read, at most 1,000. */
  skipped: { path: string; reason: string }[];
}

/**
 * A path as the value of a query parameter. Names are bytes: one outside UTF-8 (the lone
 * surrogate U+DC00+byte) is percent-encoded as that byte, which `encodeURIComponent` refuses.
 * @throws URIError for a lone surrogate that stands for no byte.
 */
export function encodePathParameter(path: string): string {
  return Array.from(path, (character) => {
    const unit = character.charCodeAt(0);
    const isByte = character.length === 1 && unit >= 0xdc80 && unit <= 0xdcff;
    return isByte ? `%${(unit - 0xdc00).toString(16).toUpperCase()}` : encodeURIComponent(character);
  }).join('');
}
