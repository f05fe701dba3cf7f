import type { RoseError, SettingsView } from '@rose/contract';
import type { z } from 'zod';
import { Deed } from '#lib/api/deed.svelte.ts';
import { focusFirstInvalid, zodErrors } from '#lib/api/form-errors.ts';
import { fieldErrors } from '#lib/api/reactions.ts';
import type { Resource } from '#lib/api/resource.svelte.ts';
import { toasts } from '#lib/ui/toasts.svelte.ts';
import { asDraft, fromDraft, settingsOf, type Setting } from './controls.ts';

interface SettingsFormOptions<S extends z.ZodObject> {
  schema: S;
  view: Resource<SettingsView<z.infer<S>>>;
  /** Edited elsewhere. */
  without?: string[];
  update: (values: Partial<z.infer<S>>) => Promise<SettingsView<z.infer<S>>>;
  reset: (key: keyof z.infer<S>) => Promise<SettingsView<z.infer<S>>>;
}

/** A form with a control for each setting of a schema. What was not touched is not sent. */
export class SettingsForm<S extends z.ZodObject> {
  readonly settings: Setting[];
  readonly view: Resource<SettingsView<z.infer<S>>>;
  /** What somebody typed and has not saved, by key. */
  drafts = $state<Record<string, string>>({});
  errors = $state.raw<Record<string, string>>({});
  readonly #schema: S;
  readonly #update: Deed<[Partial<z.infer<S>>]>;
  readonly #reset: Deed<[string]>;

  constructor({ schema, view, without = [], update, reset }: SettingsFormOptions<S>) {
    this.#schema = schema;
    this.settings = settingsOf(schema).filter(({ key }) => !without.includes(key));
    this.view = view;
    this.#update = new Deed(async (values) => {
      view.set(await update(values));
      this.drafts = {};
      toasts.say('Settings saved.');
    });
    this.#reset = new Deed(async (key) => {
      view.set(await reset(key));
      delete this.drafts[key];
    });
  }

  get isRunning(): boolean {
    return this.#update.isRunning;
  }

  get failure(): RoseError | null {
    return Object.keys(this.errors).length === 0 ? (this.#update.failure ?? this.#reset.failure) : null;
  }

  get hasChanges(): boolean {
    return Object.keys(this.drafts).length > 0;
  }

  /** What a control shows: the draft, else what holds. */
  textOf({ key, control }: Setting): string {
    return this.drafts[key] ?? asDraft(this.view.value?.[key as keyof z.infer<S>].value, control);
  }

  type({ key, control }: Setting, text: string): void {
    if (text === asDraft(this.view.value?.[key as keyof z.infer<S>].value, control)) delete this.drafts[key];
    else this.drafts[key] = text;
  }

  discard = (): void => {
    this.drafts = {};
    this.errors = {};
  };

  reset = (key: string): Promise<boolean> => this.#reset.run(key);

  submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    this.errors = {};
    const touched = this.settings.filter(({ key }) => Object.hasOwn(this.drafts, key));
    const keys = touched.map(({ key }) => key);
    const values = Object.fromEntries(
      touched.map(({ key, control }) => [key, fromDraft(this.drafts[key] ?? '', control)]),
    );
    const parsed = this.#schema.partial().safeParse(values);
    if (parsed.success) {
      await this.#update.run(parsed.data as Partial<z.infer<S>>);
      if (this.#update.failure !== null) this.errors = fieldErrors(this.#update.failure, keys);
    } else {
      this.errors = zodErrors(parsed.error, keys);
    }
    await focusFirstInvalid(event.target);
  };
}
