import { toJSONSchema, type z } from 'zod';

/** How a setting is edited, read from the contract's schema. */
export type Control =
  | { kind: 'choice'; options: string[] }
  | { kind: 'number'; minimum: number | undefined; maximum: number | undefined; step: number | 'any' }
  | { kind: 'text' }
  /** One value a line. */
  | { kind: 'list' }
  /** NAME=VALUE, one a line; a value that does not fit into a line is a JSON string. */
  | { kind: 'pairs' };

export interface Setting {
  key: string;
  label: string;
  hint: string | undefined;
  control: Control;
}

/** The settings of a schema, in its order. */
export function settingsOf(schema: z.ZodObject): Setting[] {
  const { properties = {} } = toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return Object.entries(properties).map(([key, rule]) => {
    if (typeof rule === 'boolean') throw new Error(`The setting ${key} has no rule.`);
    return { key, label: labelOf(key), hint: rule.description, control: controlOf(rule) };
  });
}

type Rule = Exclude<NonNullable<z.core.JSONSchema.BaseSchema['properties']>[string], boolean>;

function controlOf(rule: Rule): Control {
  if (rule.enum !== undefined) return { kind: 'choice', options: rule.enum.map(String) };
  switch (rule.type) {
    case 'integer':
      return { kind: 'number', minimum: rule.minimum, maximum: rule.maximum, step: 1 };
    case 'number':
      return { kind: 'number', minimum: rule.minimum, maximum: rule.maximum, step: 'any' };
    case 'array':
      return { kind: 'list' };
    case 'object':
      return { kind: 'pairs' };
    default:
      return { kind: 'text' };
  }
}

/** "idlePauseMinutes" → "Idle pause minutes", "memoryMiB" → "Memory (MiB)" */
function labelOf(key: string): string {
  const words = key
    .replace(/MiB$/, ' (MiB)')
    .replace(/^cpus$/, 'CPUs')
    .replace(/([a-z])([A-Z])(?=[a-z])/g, (_, before: string, after: string) => `${before} ${after.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A value as its control shows it. */
export function asDraft(value: unknown, control: Control): string {
  switch (control.kind) {
    case 'list':
      return (value as string[]).join('\n');
    case 'pairs':
      return Object.entries(value as Record<string, string>)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, text]) => `${name}=${/^"|\n|^\s|\s$/.test(text) ? JSON.stringify(text) : text}`)
        .join('\n');
    default:
      return String(value);
  }
}

/** What somebody typed, as a value that the schema can judge. */
export function fromDraft(draft: string, control: Control): unknown {
  switch (control.kind) {
    case 'number':
      return draft.trim() === '' ? NaN : Number(draft);
    case 'list':
      return linesOf(draft);
    case 'pairs':
      return Object.fromEntries(
        linesOf(draft).map((line) => {
          const at = line.indexOf('=');
          return at === -1 ? [line, ''] : [line.slice(0, at).trim(), unquoted(line.slice(at + 1).trim())];
        }),
      );
    default:
      return draft;
  }
}

function unquoted(text: string): string {
  if (!text.startsWith('"')) return text;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? value : text;
  } catch {
    return text;
  }
}

function linesOf(draft: string): string[] {
  return draft
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
