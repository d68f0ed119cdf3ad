/** Comparing versions of the database such as `v8.5.3`. */

const numbersOf = (version: string): number[] => (/^v?(\d+)\.(\d+)\.(\d+)/.exec(version) ?? []).slice(1).map(Number);

/** True when `version` is `least` or newer; something that is no version is older than everything. */
export function atLeast(version: string, least: string): boolean {
  const [one, other] = [numbersOf(version), numbersOf(least)];
  if (one.length === 0) return false;
  for (const [index, part] of one.entries()) {
    const difference = part - (other[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** The tag of an image without digest: `pingcap/pd:v8.5.3` → `v8.5.3`; no tag is `latest`. */
export function tagOf(image: string): string {
  const name = image.slice(image.lastIndexOf('/') + 1);
  return name.includes(':') ? name.slice(name.indexOf(':') + 1) : 'latest';
}
