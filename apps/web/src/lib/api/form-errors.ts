import { tick } from 'svelte';
import { errorsByField } from './reactions.ts';

/** What zod found wrong, by field. */
export function zodErrors(
  error: { issues: readonly { path: PropertyKey[]; message: string }[] },
  fields: readonly string[],
): Record<string, string> {
  const issues = error.issues.map(({ path, message }) => ({ path: path.map(String).join('.'), message }));
  return errorsByField(issues, fields);
}

/** Takes the reader to the first field of a form that is wrong, once that is shown. */
export async function focusFirstInvalid(form: EventTarget | null): Promise<void> {
  await tick();
  if (form instanceof HTMLFormElement) form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
}
