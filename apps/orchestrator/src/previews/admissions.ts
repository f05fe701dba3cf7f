import { EventEmitter } from 'node:events';
import { RoseError } from '@rose/contract';
import { LRUCache } from 'lru-cache';
import type { Access } from '../accounts/access.ts';
import { digest } from '../drivers/sessions/index.ts';
import type { ProjectAccess, ProjectGrant } from '../projects/project-access.ts';
import type { Pass, PassSeal } from './pass.ts';
import type { Place } from './preview-hosts.ts';
import type { PreviewsRepository } from './previews-repository.ts';

/** Somebody who may look at a preview now. */
export interface Admission {
  pass: Pass;
  /** What the one is in the project whose right it is. */
  project: ProjectGrant;
  /** `Access.endings` before it was looked up. */
  endings: number;
}

export interface AdmissionsOptions {
  seal: PassSeal;
  repository: PreviewsRepository;
  access: Access;
  projectAccess: ProjectAccess;
}

/** How long an end that another process brought about may go unnoticed, ms. A page is made of hundreds of requests. */
const FRESH_MS = 2000;
const MOST = 10_000;
/** How often it is looked whether a link still lets its visitors stay. */
const LOOK_MS = 30_000;
const LONGEST_TIMER_MS = 2_147_483_647;

/** Lets those in who have a pass, for as long as the right behind it lasts. */
export class Admissions {
  readonly #options: AdmissionsOptions;
  readonly #recent = new LRUCache<string, { admission: Admission; endings: number }>({ max: MOST, ttl: FRESH_MS });
  readonly #revoked = new EventEmitter<Record<string, []>>().setMaxListeners(0);
  #revocations = 0;

  constructor(options: AdmissionsOptions) {
    this.#options = options;
  }

  /** The admission that one of these sealed passes gives to a place; null when none does. */
  async find(place: Place, sealed: string[]): Promise<Admission | null> {
    for (const one of sealed) {
      const pass = this.#options.seal.open(one);
      if (pass === null || pass.projectId !== place.projectId || pass.port !== place.port) continue;
      const admission = await this.#recently(digest(one), pass);
      if (admission !== null) return admission;
    }
    return null;
  }

  async #recently(key: string, pass: Pass): Promise<Admission | null> {
    const endings = this.#endings;
    const recent = this.#recent.get(key);
    if (recent?.endings === endings) return recent.admission;
    const admission = await this.admit(pass);
    if (admission !== null) this.#recent.set(key, { admission, endings });
    return admission;
  }

  /** Ends so far: what was found before one of them is looked up again. */
  get #endings(): number {
    const { access, projectAccess } = this.#options;
    return access.endings + projectAccess.changes + this.#revocations;
  }

  /** The admission that a pass gives; null when the right behind it has ended. */
  async admit(pass: Pass): Promise<Admission | null> {
    const { accountId, projectId, by } = pass;
    const { endings } = this.#options.access;
    if (!(await this.#isGood(pass))) return null;
    try {
      const least = by === 'link' ? 'editor' : 'viewer';
      const project = await this.#options.projectAccess.require(accountId, projectId, least);
      return { pass, project, endings };
    } catch (error) {
      if (error instanceof RoseError && (error.code === 'NOT_FOUND' || error.code === 'FORBIDDEN')) return null;
      throw error;
    }
  }

  async #isGood({ accountId, by, key }: Pass): Promise<boolean> {
    const { access, repository } = this.#options;
    if (by === 'link') return await repository.isGood(Number(key));
    return (await access.expiryOf(accountId, { kind: by, key })) !== null;
  }

  /** Calls back once when the visitor may stay no longer: signed out, removed from the project, revoked or expired. */
  watch({ pass, project, endings }: Admission, onEnd: () => void): Disposable {
    const { access, projectAccess } = this.#options;
    const watches = new DisposableStack();
    const end = (): void => {
      watches.dispose();
      onEnd();
    };
    const untilExpiry = Math.min(pass.expiresAt.getTime() - Date.now(), LONGEST_TIMER_MS);
    const timer = setTimeout(end, untilExpiry).unref();
    watches.defer(() => clearTimeout(timer));
    watches.use(projectAccess.watch(pass.accountId, project, end));
    if (pass.by === 'link') watches.use(this.#watchLink(pass, end));
    else watches.use(access.watchCredential(pass.accountId, { kind: pass.by, key: pass.key }, endings, end));
    return watches;
  }

  #watchLink(pass: Pass, end: () => void): Disposable {
    const watches = new DisposableStack();
    this.#revoked.once(pass.key, end);
    watches.defer(() => this.#revoked.off(pass.key, end));
    const look = (): void => {
      // A database that is away ends nothing.
      this.#isGood(pass).then(
        (isGood) => isGood || watches.disposed || end(),
        () => {},
      );
    };
    const timer = setInterval(look, LOOK_MS).unref();
    watches.defer(() => clearInterval(timer));
    return watches;
  }

  /** Must be told of each link that is revoked. */
  revoked(id: number): void {
    this.#revocations += 1;
    this.#revoked.emit(String(id));
  }
}
