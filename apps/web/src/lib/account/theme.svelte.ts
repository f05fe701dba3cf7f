import type { UserSettings } from '@rose/contract';
import { rose } from '#lib/api/rose.ts';

export type ThemeName = UserSettings['theme'];

export const THEMES: { name: ThemeName; label: string }[] = [
  { name: 'dark', label: 'Dark' },
  { name: 'light', label: 'Light' },
  { name: 'system', label: 'Like the system' },
];

/** Where app.html looks before the first paint. */
const KEY = 'rose-theme';

/** The theme: kept in the account, remembered by the browser for the next start. */
class Theme {
  current = $state<ThemeName>((document.documentElement.dataset['theme'] as ThemeName | undefined) ?? 'dark');

  /** Shows a theme at once. */
  show(name: ThemeName): void {
    this.current = name;
    document.documentElement.dataset['theme'] = name;
    remember(name);
  }

  /**
   * Shows a theme and keeps it in the account; takes it back when that fails.
   * @throws what the call throws
   */
  choose = async (name: ThemeName): Promise<void> => {
    const before = this.current;
    this.show(name);
    try {
      await rose.settings.user.update.mutate({ values: { theme: name } });
    } catch (error) {
      if (this.current === name) this.show(before);
      throw error;
    }
  };
}

function remember(name: ThemeName): void {
  try {
    localStorage.setItem(KEY, name);
  } catch {
    // A browser that keeps nothing still shows it until the page is left.
  }
}

export const theme = new Theme();
