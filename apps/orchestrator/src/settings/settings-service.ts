import {
  notFound,
  PROJECT_DEFAULTS,
  projectSettingsSchema,
  RoseError,
  USER_DEFAULTS,
  userSettingsSchema,
  type ProjectSettingKey,
  type ProjectSettings,
  type SettingsView,
  type UserSettingKey,
  type UserSettings,
} from '@rose/contract';
import { resolve, valuesOf, type Layer } from './layers.ts';
import type { SettingsRepository } from './settings-repository.ts';

const INSTALLATION: Layer = { source: 'installation', values: { ...USER_DEFAULTS, ...PROJECT_DEFAULTS } };

/** The settings of people and of projects, and where each value comes from. */
export class SettingsService {
  readonly #repository: SettingsRepository;
  readonly #projectChanged: (projectId: number, settings: ProjectSettings) => Promise<void>;
  readonly #imageRefusal: (image: string) => string | null;

  /**
   * @param projectChanged is told what holds for a project after one of its own values changed
   * @param imageRefusal why projects may not name an image here, and what to do; null when they may
   */
  constructor(
    repository: SettingsRepository,
    projectChanged: (projectId: number, settings: ProjectSettings) => Promise<void>,
    imageRefusal: (image: string) => string | null = () => null,
  ) {
    this.#repository = repository;
    this.#projectChanged = projectChanged;
    this.#imageRefusal = imageRefusal;
  }

  async ofUser(userId: number): Promise<SettingsView<UserSettings>> {
    return resolve(userSettingsSchema, [INSTALLATION, await this.#userLayer(userId)]);
  }

  /** Sets the given values and leaves the others; two updates of different keys at once both hold. */
  async updateUser(userId: number, values: Partial<UserSettings>): Promise<SettingsView<UserSettings>> {
    await this.#repository.mergeUser(userId, values);
    return this.ofUser(userId);
  }

  async resetUser(userId: number, key: UserSettingKey): Promise<SettingsView<UserSettings>> {
    await this.#repository.removeUserKey(userId, key);
    return this.ofUser(userId);
  }

  /** A project's value, else its owner's, else the installation's. */
  async ofProject(project: { id: number; ownerId: number }): Promise<SettingsView<ProjectSettings>> {
    const [user, own] = await Promise.all([this.#userLayer(project.ownerId), this.#repository.ofProject(project.id)]);
    return resolve(projectSettingsSchema, [INSTALLATION, user, { source: 'project', values: own }]);
  }

  /** @throws RoseError INVALID_INPUT for an image that may not be named */
  async updateProject(
    project: { id: number; ownerId: number },
    values: Partial<ProjectSettings>,
  ): Promise<SettingsView<ProjectSettings>> {
    this.#requireImage(values.image ?? '');
    await this.#repository.mergeProject(project.id, values);
    return await this.#changed(project);
  }

  async resetProject(
    project: { id: number; ownerId: number },
    key: ProjectSettingKey,
  ): Promise<SettingsView<ProjectSettings>> {
    await this.#repository.removeProjectKey(project.id, key);
    return await this.#changed(project);
  }

  #requireImage(image: string): void {
    const message = image === '' ? null : this.#imageRefusal(image);
    if (message !== null)
      throw new RoseError('INVALID_INPUT', message, { issues: [{ path: 'values.image', message }] });
  }

  async #changed(project: { id: number; ownerId: number }): Promise<SettingsView<ProjectSettings>> {
    const view = await this.ofProject(project);
    await this.#projectChanged(project.id, valuesOf(view));
    return view;
  }

  /**
   * What holds for a project, for the services that act on it. Asks for no right.
   * @throws RoseError NOT_FOUND
   */
  async effectiveProjectSettings(projectId: number): Promise<ProjectSettings> {
    const ownerId = await this.#repository.ownerOf(projectId);
    if (ownerId === null) throw notFound(`project ${projectId}`);
    return valuesOf(await this.ofProject({ id: projectId, ownerId }));
  }

  async #userLayer(userId: number): Promise<Layer> {
    const { theme, settings } = await this.#repository.ofUser(userId);
    const { theme: marked, ...others } = settings;
    const isSet = marked !== undefined || theme !== USER_DEFAULTS.theme;
    return { source: 'user', values: isSet ? { ...others, theme } : others };
  }
}
