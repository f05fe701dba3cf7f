const LOCALE = 'en';
const whole = new Intl.NumberFormat(LOCALE);
const moment = new Intl.DateTimeFormat(LOCALE, { dateStyle: 'medium', timeStyle: 'medium' });
const day = new Intl.DateTimeFormat(LOCALE, { dateStyle: 'medium' });
const age = new Intl.RelativeTimeFormat(LOCALE, { numeric: 'auto' });
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** 1234 → "1,234" */
export function asCount(count: number): string {
  return whole.format(count);
}

/** (1, "file") → "1 file"; (2, "file") → "2 files"; (2, "entry", "entries") */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${asCount(count)} ${count === 1 ? one : many}`;
}

/** 4404019 → "4.2 MiB" */
export function asBytes(bytes: number): string {
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), UNITS.length - 1);
  const value = bytes / 1024 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[power]}`;
}

/** Milliseconds → "0.4 s", "12 s", "3 min 20 s" */
export function asDuration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}

/** ISO 8601 → "24 Nov 2026, 22:15:03", as the reader's clock shows it. */
export function asMoment(iso: string): string {
  return moment.format(new Date(iso));
}

/** ISO 8601 → "3 minutes ago"; the date when it is more than a month away. */
export function asAge(iso: string, now: number): string {
  const distance = new Date(iso).getTime() - now;
  const size = Math.abs(distance);
  if (size < 45_000) return distance > 0 ? 'in a moment' : 'just now';
  if (size < HOUR) return age.format(Math.round(distance / MINUTE), 'minute');
  if (size < DAY) return age.format(Math.round(distance / HOUR), 'hour');
  if (size < 30 * DAY) return age.format(Math.round(distance / DAY), 'day');
  return day.format(new Date(iso));
}

/** The 12 permission bits as people write them: 0o755 → "755", 0o4755 → "4755" */
export function asMode(mode: number): string {
  return mode.toString(8).padStart(3, '0');
}
