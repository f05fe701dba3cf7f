import type { Logger } from 'pino';
import type { Access } from '../accounts/access.ts';
import type { ContainersService } from '../containers/containers-service.ts';
import type { ProjectAccess } from '../projects/project-access.ts';
import { Admissions } from './admissions.ts';
import { PassSeal } from './pass.ts';
import { PreviewDoor } from './preview-door.ts';
import type { PreviewHosts } from './preview-hosts.ts';
import type { PreviewsRepository } from './previews-repository.ts';
import { PreviewsService } from './previews-service.ts';
import { Tickets } from './tickets.ts';

export interface PreviewsParts {
  hosts: PreviewHosts;
  repository: PreviewsRepository;
  access: Access;
  projectAccess: ProjectAccess;
  containers: ContainersService;
  /** The installation's. */
  secretKey: Uint8Array;
  log: Logger;
}

/** All about previews: what members ask RoSE about them, and what stands before their hosts. */
export class Previews {
  readonly hosts: PreviewHosts;
  readonly service: PreviewsService;
  readonly door: PreviewDoor;

  constructor({ hosts, repository, access, projectAccess, containers, secretKey, log }: PreviewsParts) {
    const seal = new PassSeal(secretKey);
    const admissions = new Admissions({ seal, repository, access, projectAccess });
    this.hosts = hosts;
    this.service = new PreviewsService({ hosts, repository, admissions, tickets: new Tickets() });
    this.door = new PreviewDoor({ hosts, previews: this.service, admissions, seal, containers, log });
  }
}
