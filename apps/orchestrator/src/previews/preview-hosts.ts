import { isIP } from 'node:net';
import { RoseError } from '@rose/contract';
import { isLoopback } from '../http/origin.ts';
import { siteOf } from './site.ts';

/** What a preview shows: a port of a project's dev container. */
export interface Place {
  projectId: number;
  port: number;
}

export interface PreviewHostsOptions {
  /** ROSE_PREVIEW_DOMAIN; null: names below localhost. */
  previewDomain: string | null;
  /** ROSE_PUBLIC_URL */
  publicUrl: string | null;
  /** ROSE_HOST */
  host: string;
}

const DEFAULT_DOMAIN = 'localhost';
const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const DOMAIN = new RegExp(`^(?=.{1,220}$)${LABEL}(?:\\.${LABEL})*$`);
const HOST = /^p([1-9]\d{0,9})-([1-9]\d{0,4})\.([a-z0-9.-]+?)(?::([1-9]\d{0,4}))?$/;
const LAST_PROJECT = 2_147_483_647;
const LAST_PORT = 65_535;
const WILDCARDS = new Set(['0.0.0.0', '::']);
const DEFAULT_PORTS: Record<string, number> = { 'http:': 80, 'https:': 443 };

/** The names of previews, `pPROJECT-PORT.DOMAIN`: on another site than RoSE, so that no cookie gets from one to the other. */
export class PreviewHosts {
  readonly #domain: string;
  readonly #host: string;
  readonly #protocol: string;
  readonly #publicUrl: URL | null;
  readonly #publicPort: number | null;
  /** The port that RoSE listens on, once it does. */
  listensOn: () => number | null = () => null;

  /** @throws Error naming ROSE_PREVIEW_DOMAIN when it is no domain, or on RoSE's own site */
  constructor({ previewDomain, publicUrl, host }: PreviewHostsOptions) {
    this.#publicUrl = publicUrl === null ? null : new URL(publicUrl);
    this.#host = host;
    this.#domain = (previewDomain ?? DEFAULT_DOMAIN).toLowerCase();
    this.#protocol = this.#publicUrl?.protocol ?? 'http:';
    this.#publicPort = this.#publicUrl && Number(this.#publicUrl.port || DEFAULT_PORTS[this.#protocol]);
    if (this.#domain !== DEFAULT_DOMAIN) checkDomain(this.#domain, this.#publicUrl?.hostname ?? host);
  }

  /** Whether people reach previews behind TLS. */
  get isSecure(): boolean {
    return this.#protocol === 'https:';
  }

  /** Where people reach RoSE itself. */
  get roseUrl(): string {
    if (this.#publicUrl !== null) return this.#publicUrl.origin;
    const name = WILDCARDS.has(this.#host) ? '127.0.0.1' : this.#host;
    return `http://${isIP(name) === 6 ? `[${name}]` : name}:${this.listensOn()}`;
  }

  /** The preview that a Host header names, exactly; null when it names none. */
  find(host: string | undefined): Place | null {
    const [, project, port, domain, hostPort] = HOST.exec(host?.toLowerCase() ?? '') ?? [];
    if (domain !== this.#domain || Number(hostPort ?? DEFAULT_PORTS[this.#protocol]) !== this.#port) return null;
    const place = { projectId: Number(project), port: Number(port) };
    return place.projectId <= LAST_PROJECT && place.port <= LAST_PORT ? place : null;
  }

  /**
   * Scheme, name and port of a preview.
   * @throws RoseError CONFLICT when people reach RoSE from elsewhere and names below localhost would lead them nowhere
   */
  originOf({ projectId, port }: Place): string {
    if (this.#domain === DEFAULT_DOMAIN && this.#publicUrl !== null && !isLoopback(this.#publicUrl.hostname)) {
      throw new RoseError(
        'CONFLICT',
        `Previews need a domain of their own where RoSE is reached at ${this.#publicUrl.origin}: its administrator has ` +
          'to set ROSE_PREVIEW_DOMAIN (docs/previews.md).',
      );
    }
    const own = this.#port === DEFAULT_PORTS[this.#protocol] ? '' : `:${this.#port}`;
    return `${this.#protocol}//p${projectId}-${port}.${this.#domain}${own}`;
  }

  get #port(): number | null {
    return this.#publicPort ?? this.listensOn();
  }
}

function checkDomain(domain: string, rose: string): void {
  if (!DOMAIN.test(domain) || isIP(domain) !== 0) {
    throw new Error(
      `ROSE_PREVIEW_DOMAIN: "${domain}" is no domain. Name the one below which previews are, as preview.example.net; ` +
        'it has no scheme, port or asterisk.',
    );
  }
  if (siteOf(`p1-1.${domain}`) === siteOf(rose)) {
    throw new Error(
      `ROSE_PREVIEW_DOMAIN: previews at ${domain} would be on the same site as RoSE itself at ${rose}, and could plant ` +
        'cookies there. Choose a name below another registered domain (docs/previews.md).',
    );
  }
}
