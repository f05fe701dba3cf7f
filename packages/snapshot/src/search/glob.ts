import picomatch from 'picomatch';

export type Matcher = (path: string) => boolean;

/** As in .gitignore, a glob without a / is about the last name of a path. */
export function globMatcher(glob: string): Matcher {
  return picomatch(glob, { dot: true, basename: !glob.includes('/') });
}

/** Whether a text can match more than the path that it spells. */
export function isGlob(text: string): boolean {
  return picomatch.scan(text).isGlob;
}
