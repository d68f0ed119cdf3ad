/** Versions of TiDB components: `v8.5.4` in images and specs, `8.5.4` in PD's answers. */

export interface Version {
  major: number;
  minor: number;
  patch: number;
  /** `-pre`, `-alpha-12-gabc…`; empty for a release. */
  suffix: string;
}

export function parseVersion(text: string): Version | undefined {
  const match = /^v?(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z.-]+)?$/.exec(text);
  if (!match) return undefined;
  return { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3]), suffix: match[4] ?? '' };
}

/**
 * Negative when `a` is older. A suffix such as `-pre` makes a version older than its release; that of a hot-fix build, which begins with
 * its date (`-20250101-3f1a2b3`), makes it newer. Undefined when either does not parse.
 */
export function compareVersions(a: string, b: string): number | undefined {
  const [left, right] = [parseVersion(a), parseVersion(b)];
  if (!left || !right) return undefined;
  const byNumbers = left.major - right.major || left.minor - right.minor || left.patch - right.patch;
  if (byNumbers !== 0 || left.suffix === right.suffix) return byNumbers;
  const byKind = rankOf(left) - rankOf(right);
  return byKind !== 0 ? byKind : left.suffix < right.suffix ? -1 : 1;
}

/** Before the release, the release itself, a hot fix of it. */
function rankOf({ suffix }: Version): number {
  if (suffix === '') return 0;
  return /^-\d{8}/.test(suffix) ? 1 : -1;
}

/** PD and TiKV report `8.5.4`, images say `v8.5.4`. */
export function sameVersion(a: string, b: string): boolean {
  return a.replace(/^v/, '') === b.replace(/^v/, '');
}

export function isAtLeast(version: string, floor: string): boolean {
  const order = compareVersions(version, floor);
  return order !== undefined && order >= 0;
}
