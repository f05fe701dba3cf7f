const HUB = 'docker.io';
/** Docker's older name for the same. */
const OLD_HUB = 'index.docker.io';
/** Engines look for an image by its id too. */
const ID = /^([0-9a-f]+$|sha256:)/i;
const PATTERN =
  /^[a-z0-9*][\w.*-]*(:\d{1,5})?(\/[a-z0-9*][\w.*-]*)*(:[\w*][\w.*-]{0,127})?(@[a-z0-9]+:[0-9a-f]{32,})?$/i;

interface Name {
  /** With its registry, as Docker completes it: docker.io/library/gcc. */
  repository: string;
  tag: string | null;
  digest: string | null;
}

/** Why no image can be named with the process runtime. */
export const NO_IMAGES =
  'Here dev containers are processes of this machine, which are made of no image. With ROSE_RUNTIME=docker they are.';

/** Whether a text can stand in ROSE_IMAGES. */
export function isImagePattern(text: string): boolean {
  return PATTERN.test(text);
}

/**
 * Which images projects may name, as the operator has it: names as Docker reads them, without a tag for all tags; `*` is
 * any part of a name between slashes, `/*` at the end all below, `*` alone everything.
 */
export class AllowedImages {
  readonly #patterns: readonly string[];

  /** @param patterns none: all images */
  constructor(patterns: readonly string[]) {
    this.#patterns = patterns;
  }

  /** Why a project may not name an image, and what to do, for people; null when it may. */
  refusal(image: string): string | null {
    if (this.#patterns.length === 0 || this.#patterns.includes('*')) return null;
    const isAllowed = this.#patterns.some((pattern) => matches(nameOf(image), nameOf(pattern)));
    if (isAllowed && !ID.test(image)) return null;
    const why = isAllowed
      ? `The image "${image}" could be another one’s id. Name it with its registry and tag, as in "${full(image)}".`
      : `The image "${image}" is none of those that this RoSE allows: ${this.#patterns.join(', ')}.`;
    return `${why} Name another one, go back to RoSE's own, or ask who runs this RoSE to add it to ROSE_IMAGES.`;
  }
}

function nameOf(text: string): Name {
  const [rest = '', digest = null] = text.split('@');
  const [, path = '', tag = null] = /^(.*?)(?::([^:/]+))?$/.exec(rest)!;
  const slash = path.indexOf('/');
  const first = path.slice(0, Math.max(0, slash));
  const hasRegistry = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  const registry = hasRegistry && first !== OLD_HUB ? first.toLowerCase() : HUB;
  const below = hasRegistry ? path.slice(slash + 1) : path;
  const isOfficial = registry === HUB && !below.includes('/') && !(hasRegistry && below === '*');
  return { repository: `${registry}/${isOfficial ? 'library/' : ''}${below}`, tag, digest };
}

/** A digest decides what an engine takes, whatever tag stands before it. */
function matches(name: Name, pattern: Name): boolean {
  if (!glob(pattern.repository, '/').test(name.repository)) return false;
  if (pattern.digest !== null) return name.digest === pattern.digest;
  if (pattern.tag === null) return true;
  return name.digest === null && glob(pattern.tag, '').test(name.tag ?? 'latest');
}

/** @param end what `*` at the end stands behind to mean all that follows */
function glob(pattern: string, end: string): RegExp {
  const isOpen = end !== '' && pattern.endsWith(`${end}*`);
  // Of all that a name can hold the point alone means something else.
  const parts = (isOpen ? pattern.slice(0, -1) : pattern).replaceAll('.', '\\.').split('*');
  return new RegExp(`^${parts.join('[^/]*')}${isOpen ? '.+' : ''}$`);
}

function full(image: string): string {
  const { repository, tag } = nameOf(image);
  return `${repository}:${tag ?? 'latest'}`;
}
