import type { RoseError } from '@rose/contract';
import { Deed } from './deed.svelte.ts';
import { focusFirstInvalid, zodErrors } from './form-errors.ts';
import { fieldErrors } from './reactions.ts';

/** What a form needs of a zod schema. */
interface Schema<I> {
  safeParse(
    values: unknown,
  ):
    | { success: true; data: I }
    | { success: false; error: { issues: readonly { path: PropertyKey[]; message: string }[] } };
}

interface FormOptions<V, I> {
  values: V;
  schema: Schema<I>;
  submit: (input: I) => Promise<void>;
}

/** A form whose input one of the contract's schemas checks before the server does. */
export class Form<V extends Record<string, string>, I> {
  values: V;
  /** What is wrong, by field. */
  errors = $state.raw<Partial<Record<keyof V, string>>>({});
  readonly #deed: Deed<[I]>;
  readonly #schema: Schema<I>;
  readonly #fields: string[];

  constructor({ values, schema, submit }: FormOptions<V, I>) {
    this.values = $state(values);
    this.#schema = schema;
    this.#fields = Object.keys(values);
    this.#deed = new Deed(submit);
  }

  get isRunning(): boolean {
    return this.#deed.isRunning;
  }

  /** A failure that belongs to no field. */
  get failure(): RoseError | null {
    return Object.keys(this.errors).length === 0 ? this.#deed.failure : null;
  }

  /** The handler of `submit`: checks, then acts; the first field that is wrong gets the focus. */
  submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const parsed = this.#schema.safeParse($state.snapshot(this.values));
    if (parsed.success) {
      this.errors = {};
      await this.#deed.run(parsed.data);
      const { failure } = this.#deed;
      if (failure !== null) this.#show(fieldErrors(failure, this.#fields));
    } else {
      this.#show(zodErrors(parsed.error, this.#fields));
    }
    await focusFirstInvalid(event.target);
  };

  #show(errors: Record<string, string>): void {
    this.errors = errors as Partial<Record<keyof V, string>>;
  }
}
