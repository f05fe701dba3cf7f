import type { SettingSource, SettingsView } from '@rose/contract';
import type { z } from 'zod';

export interface Layer {
  source: SettingSource;
  values: Record<string, unknown>;
}

/**
 * Each setting of `schema` from the last layer that has a valid value for it. A stored value that
 * breaks today's rules (another release wrote it) counts as not set; unknown keys are passed over.
 * @param layers From the most general to the most special; the first one has every key.
 */
export function resolve<S extends z.ZodObject>(schema: S, layers: Layer[]): SettingsView<z.infer<S>> {
  const entries = Object.entries(schema.shape).map(([key, rule]) => {
    for (const { source, values } of layers.toReversed()) {
      if (!Object.hasOwn(values, key)) continue;
      const parsed = (rule as z.ZodType).safeParse(values[key]);
      if (parsed.success) return [key, { value: parsed.data, source }];
    }
    throw new Error(`The setting ${key} has no valid default.`);
  });
  return Object.fromEntries(entries) as SettingsView<z.infer<S>>;
}

/** Only the values of a view. */
export function valuesOf<T>(view: SettingsView<T>): T {
  const entries = Object.entries<{ value: unknown }>(view).map(([key, { value }]) => [key, value]);
  return Object.fromEntries(entries) as T;
}
