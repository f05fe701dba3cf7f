import { asQuery } from '#lib/paths.ts';

/** Two states of a project that are compared; `to` null: the live workspace. */
export interface Sides {
  from: number;
  to: number | null;
}

/** The page that compares two states, with the lines of one path if it is named. */
export function comparisonPage(projectId: number, { from, to }: Sides, path = ''): string {
  const sides = to === null ? `from=${from}` : `from=${from}&to=${to}`;
  const page = `/project/${projectId}/versions/compare`;
  return path === '' ? `${page}?${sides}` : `${page}${asQuery(path)}&${sides}`;
}

/** What the address of that page names; null where it names no version to begin with. */
export function sidesOf(query: Pick<URLSearchParams, 'get'>): Sides | null {
  const from = versionOf(query.get('from'));
  return from === null ? null : { from, to: versionOf(query.get('to')) };
}

function versionOf(text: string | null): number | null {
  return text !== null && /^[1-9]\d{0,9}$/.test(text) ? Number(text) : null;
}
