const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'] as const;

/** `12.4 MB`: three digits of a number of bytes, in decimal units. */
export function bytes(count: number): string {
  const power = count < 1 ? 0 : Math.min(Math.floor(Math.log10(count) / 3), UNITS.length - 1);
  const value = count / 1_000 ** power;
  return `${value >= 100 || power === 0 ? Math.round(value) : value.toFixed(1)} ${UNITS[power] ?? ''}`;
}

/** `1:02:03` or `2:03`, as players show a time. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** `12 min` or `40 s`: about how long something takes. */
export function about(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}

/** A title from the name of a file: without its extension, with blanks for what stands for them. */
export function titleOf(filename: string): string {
  const stem = filename.replace(/\.[a-z0-9]{2,5}$/i, '');
  return stem.replace(/[_\s]+/g, ' ').trim() || filename;
}
