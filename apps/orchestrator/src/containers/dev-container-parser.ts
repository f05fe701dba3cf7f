import { imageNameSchema, type DevContainerFile } from '@rose/contract';
import { parse, printParseErrorCode, type ParseError } from 'jsonc-parser';
import { z } from 'zod';

/** What variables of the file's strings mean here. */
const WORKSPACE = '/home/dev/workspace';
const FOLDERS: Record<string, string> = {
  containerWorkspaceFolder: WORKSPACE,
  localWorkspaceFolder: WORKSPACE,
  containerWorkspaceFolderBasename: 'workspace',
  localWorkspaceFolderBasename: 'workspace',
};
const MAX_PROBLEMS = 50;
/** They run at the same time, each over a connection to the container. */
const MAX_COMMANDS = 16;
/** About the file itself, or about one editor: nothing that a container could do. */
const SILENT = new Set(['$schema', 'name', 'customizations']);

const name = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/);
/** Neither the database nor a program's argv holds a NUL, and the database no broken Unicode. */
const string = z
  .string()
  .max(32_768)
  .refine((text) => !text.includes('\0') && text.isWellFormed());
const variables = z.record(name, string);
const command = z.union([string, z.array(string).min(1).max(1000)]);
const namedCommands = z
  .record(z.string(), command)
  .refine((named) => Object.keys(named).length <= MAX_COMMANDS, `It has more than ${MAX_COMMANDS} commands.`);
const parts = {
  image: imageNameSchema,
  containerEnv: variables,
  remoteEnv: z.record(name, string.nullable()),
  postCreateCommand: z.union([command, namedCommands]),
  forwardPorts: z.array(z.union([z.number().int().min(1).max(65_535), z.string().max(300)])).max(200),
};

/**
 * Reads a devcontainer.json: JSON with comments and trailing commas. Never throws: what cannot be taken is a
 * problem, and the rest is taken.
 * @param text of the file, which a container wrote: at most some tens of kilobytes
 */
export function parseDevContainer(path: string, text: string): DevContainerFile {
  const file: DevContainerFile = {
    path,
    image: null,
    environment: {},
    postCreateCommand: [],
    forwardPorts: [],
    problems: [],
  };
  const errors: ParseError[] = [];
  const document = parseLeniently(text, errors);
  if (errors.length > 0) file.problems.push(`It is no JSON: ${printParseErrorCode(errors[0]!.error)}.`);
  if (!isRecord(document)) {
    if (errors.length === 0) file.problems.push('It holds no object.');
    return file;
  }
  const known = new Set([...Object.keys(parts), ...SILENT]);
  for (const key of Object.keys(document)) {
    if (!known.has(key)) tell(file, `"${key.slice(0, 100)}" is not supported, and ignored.`);
  }
  file.image = taken(file, document, 'image') ?? null;
  const substitute = (value: string): string => substituted(value, file);
  const environment = { ...taken(file, document, 'containerEnv'), ...taken(file, document, 'remoteEnv') };
  for (const [key, value] of Object.entries(environment)) {
    // null takes a variable back.
    if (value !== null) file.environment[key] = substitute(value);
  }
  file.postCreateCommand = commandsOf(taken(file, document, 'postCreateCommand')).map((argv) => argv.map(substitute));
  for (const port of taken(file, document, 'forwardPorts') ?? []) {
    if (typeof port === 'number') file.forwardPorts.push(port);
    else tell(file, `The port "${port}" of another host cannot be forwarded.`);
  }
  return file;
}

/** Nesting without end is an error of the text, not of ours. */
function parseLeniently(text: string, errors: ParseError[]): unknown {
  try {
    return parse(text, errors, { allowTrailingComma: true }) as unknown;
  } catch {
    return null;
  }
}

function taken<K extends keyof typeof parts>(
  file: DevContainerFile,
  document: Record<string, unknown>,
  key: K,
): z.output<(typeof parts)[K]> | undefined {
  const value = Object.hasOwn(document, key) ? document[key] : undefined;
  if (value === undefined) return undefined;
  const parsed = parts[key].safeParse(value);
  if (parsed.success) return parsed.data as z.output<(typeof parts)[K]>;
  tell(file, `"${key}" is not what it should be, and ignored.`);
  return undefined;
}

type Command = z.output<typeof command>;

function commandsOf(value: Command | Record<string, Command> | undefined): string[][] {
  if (value === undefined || value === '') return [];
  const commands = typeof value === 'string' || Array.isArray(value) ? [value] : Object.values(value);
  return commands.map((one) => (typeof one === 'string' ? ['sh', '-c', one] : one));
}

/** ${containerWorkspaceFolder} and the like; variables of another machine's environment are unknown here. */
function substituted(value: string, file: DevContainerFile): string {
  // Bounded, so that what begins ever again and never ends is read in little time.
  return value.replaceAll(
    /\$\{([a-zA-Z]{1,40})(?::([^:}]{0,500}))?(?::([^}]{0,500}))?\}/g,
    (all, kind: string, _name, fallback) => {
      const folder = FOLDERS[kind];
      if (folder !== undefined) return folder;
      if (kind !== 'localEnv' && kind !== 'containerEnv') return all;
      tell(file, `${all.slice(0, 200)} is not known here.`);
      return typeof fallback === 'string' ? fallback : '';
    },
  );
}

/** Problems are kept in the database, and shown on terminals. */
function tell({ problems }: DevContainerFile, told: string): void {
  const problem = told.replaceAll(/\p{Cc}/gu, ' ').toWellFormed();
  if (problems.length < MAX_PROBLEMS && !problems.includes(problem)) problems.push(problem);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
