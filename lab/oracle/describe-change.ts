/** Says in words what a write changed in a TidbCluster. Never shows more than versions, switches and numbers: a spec may hold anything. */
import type { VersionChange } from './component-versions.ts';
import type { PathChange } from './object-paths.ts';

/** Values longer than this are not shown. Characters, with quotes. */
const longestValue = 40;
/** More changed fields than this are counted only. */
const mostFields = 8;

const shownPath = /(^|\.)(version|paused|replicas|image|baseImage)$/;

interface Described {
  verb: string;
  paths: PathChange[];
  versions: VersionChange[];
  settles: boolean;
}

export function describeChange({ verb, paths, versions, settles }: Described): string {
  if (verb === 'create') return 'created';
  if (verb === 'delete' || verb === 'deletecollection') return 'deletion asked for';
  const more = paths.length > mostFields ? `; and ${paths.length - mostFields} more fields` : '';
  const fields = paths.slice(0, mostFields).map((path) => describePath(path, versions));
  return `${settles && versions.length === 0 ? 'settle: ' : ''}${fields.join('; ')}${more}`;
}

/** A component without a version of its own ran that of the cluster: that one is named as the old one. */
function describePath({ path, from, to }: PathChange, versions: VersionChange[]): string {
  if (to === undefined) return `${path} removed`;
  if (!shownPath.test(path)) return `${path} ${from === undefined ? 'set' : 'changed'}`;
  const before = from ?? versions.find(({ component }) => path.endsWith(`${component}.version`) || path.endsWith(`[${component}].version`))?.from;
  return before === undefined ? `${path} ${plain(to)}` : `${path} ${plain(before)} → ${plain(to)}`;
}

const plain = (text: string): string => (text.length > longestValue ? '(long)' : text.replaceAll('"', ''));
