import { randomBytes } from 'node:crypto';
import { notFound, RoseError } from '@rose/contract';
import type { OpenedPreview, PreviewLink, PreviewOrigin, SharedPreview } from '@rose/contract';
import type { Identity } from '../accounts/identity.ts';
import { digest } from '../drivers/sessions/index.ts';
import type { Admissions } from './admissions.ts';
import type { Pass } from './pass.ts';
import type { Place, PreviewHosts } from './preview-hosts.ts';
import type { LinkRow, PreviewsRepository } from './previews-repository.ts';
import type { Tickets } from './tickets.ts';

const LINK_BYTES = 24;
const LINKS_PER_PROJECT = 100;
/** After this a member comes in through RoSE again. */
const STAY_MS = 12 * 3_600_000;
/** Where a preview's host lets people in; nothing below `/.rose/` reaches the app. */
export const ENTRANCE = '/.rose/enter';

export interface PreviewsOptions {
  hosts: PreviewHosts;
  repository: PreviewsRepository;
  admissions: Admissions;
  tickets: Tickets;
}

/** Who may look at which preview, and how he gets there. */
export class PreviewsService {
  readonly #options: PreviewsOptions;

  constructor(options: PreviewsOptions) {
    this.#options = options;
  }

  /** The way in for a member; what he came to RoSE with is what lets him stay. @throws RoseError CONFLICT */
  open({ account, credential, expiresAt }: Identity, place: Place): OpenedPreview {
    const origin = this.#options.hosts.originOf(place);
    const stay = new Date(Math.min(Date.now() + STAY_MS, expiresAt.getTime()));
    const { kind: by, key } = credential;
    const { ticket, expiresAt: until } = this.#options.tickets.make({
      ...place,
      accountId: account.id,
      by,
      key,
      expiresAt: stay,
    });
    return { url: `${origin}${ENTRANCE}?ticket=${ticket}`, expiresAt: until.toISOString() };
  }

  /**
   * Makes a link that lets anybody look, on the sharer's right. Its SHA-256 is what is kept.
   * @throws RoseError LIMIT_EXCEEDED, CONFLICT
   */
  async share({ account }: Identity, place: Place, expiresInSeconds: number): Promise<SharedPreview> {
    const origin = this.#options.hosts.originOf(place);
    const secret = randomBytes(LINK_BYTES).toString('base64url');
    const expiresAt = new Date(Date.now() + expiresInSeconds * 1000);
    const link = { ...place, sharerId: account.id, digest: digest(secret), expiresAt };
    const row = await this.#options.repository.create(link, LINKS_PER_PROJECT);
    if (row === null) {
      throw new RoseError(
        'LIMIT_EXCEEDED',
        `A project has at most ${LINKS_PER_PROJECT} links to its previews. Revoke some.`,
        { limit: 'previewLinks', value: LINKS_PER_PROJECT + 1, allowed: LINKS_PER_PROJECT },
      );
    }
    return { ...viewOf(row), url: `${origin}${ENTRANCE}?link=${secret}` };
  }

  async list(projectId: number): Promise<PreviewLink[]> {
    return (await this.#options.repository.list(projectId)).map(viewOf);
  }

  /** Ends a link, and the visits of all who came by it. @throws RoseError NOT_FOUND */
  async revoke(projectId: number, id: number): Promise<void> {
    if (!(await this.#options.repository.revoke(projectId, id))) throw notFound(`link ${id} of project ${projectId}`);
    this.#options.admissions.revoked(id);
  }

  /** Where the previews of these ports are. @throws RoseError CONFLICT */
  origins(projectId: number, ports: number[]): PreviewOrigin[] {
    return ports.map((port) => ({ port, origin: this.#options.hosts.originOf({ projectId, port }) }));
  }

  /** The pass to a place that a one-time ticket or a link gives; null when it is neither. */
  async enter(place: Place, { ticket, link }: { ticket: string | null; link: string | null }): Promise<Pass | null> {
    const pass = ticket === null ? await this.#byLink(place, link ?? '') : this.#options.tickets.take(ticket, place);
    if (pass === null || (await this.#options.admissions.admit(pass)) === null) return null;
    return pass;
  }

  async #byLink(place: Place, secret: string): Promise<Pass | null> {
    const row = await this.#options.repository.findByDigest(digest(secret));
    if (row === null || row.projectId !== place.projectId || row.port !== place.port) return null;
    return { ...place, accountId: row.sharerId, by: 'link', key: String(row.id), expiresAt: row.expiresAt };
  }
}

function viewOf({ id, port, sharer, createdAt, expiresAt }: LinkRow): PreviewLink {
  return {
    id,
    port,
    sharedBy: sharer.email,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
  };
}
