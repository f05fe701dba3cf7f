import { glob, readFile } from 'node:fs/promises';

/**
 * The host's own apt sources as one file of deb822 stanzas: only those of Debian's release
 * `codename`, so that no third party's packages get into the image. Both of apt's formats are read.
 * @throws Error when the host has none.
 */
export async function aptSources(codename: string): Promise<string> {
  const stanzas: string[] = [];
  for await (const file of glob(['/etc/apt/sources.list', '/etc/apt/sources.list.d/*.{list,sources}'])) {
    const text = await readFile(file, 'utf8');
    stanzas.push(...(file.endsWith('.sources') ? deb822Stanzas(text) : listStanzas(text)));
  }
  const own = stanzas.filter((stanza) => isOf(stanza, codename));
  if (own.length === 0) throw new Error(`/etc/apt has no source of packages for ${codename}.`);
  return `${own.join('\n\n')}\n`;
}

function deb822Stanzas(text: string): string[] {
  const withoutComments = text.replaceAll(/^#.*\n?/gm, '');
  return withoutComments
    .split(/\n\s*\n/)
    .map((stanza) => stanza.trim())
    .filter((stanza) => /^Types:.*\bdeb\b/m.test(stanza) && !/^Enabled:\s*no/im.test(stanza));
}

/** "deb [signed-by=K] URI SUITE COMPONENT…" lines as stanzas. */
function listStanzas(text: string): string[] {
  const stanzas: string[] = [];
  for (const line of text.split('\n')) {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (match === null) continue;
    const [, options = '', uri, suite, components] = match;
    const signedBy = /signed-by=(\S+)/.exec(options)?.[1];
    const fields = [`Types: deb`, `URIs: ${uri}`, `Suites: ${suite}`, `Components: ${components?.trim() ?? ''}`];
    stanzas.push([...fields, ...(signedBy === undefined ? [] : [`Signed-By: ${signedBy}`])].join('\n'));
  }
  return stanzas;
}

function isOf(stanza: string, codename: string): boolean {
  const suites = /^Suites:(.*)$/m.exec(stanza)?.[1]?.trim().split(/\s+/) ?? [];
  return suites.length > 0 && suites.every((suite) => suite === codename || suite.startsWith(`${codename}-`));
}
