/** The specs that the operator refuses: it then writes an event and nothing else, and status stays as it was. */
import type { TidbCluster } from './tidb-cluster.ts';

const withStorage = ['pd', 'tikv', 'pump'] as const;
const quantity = /^\d+(\.\d+)?([kMGTPE]i?|m)?$/;

/** One sentence for each fault (a few of the rules of `validation.go:release-1.6`). */
export function faultsOf({ spec }: TidbCluster): string[] {
  const storage = withStorage.flatMap((component) => {
    const own = spec[component];
    if (!own) return [];
    const size = own.requests?.storage;
    return size !== undefined && quantity.test(size) ? [] : [`spec.${component}.requests.storage: Invalid value: "${size ?? ''}": storage request must be a quantity`];
  });
  const addresses = (spec.pdAddresses ?? []).flatMap((address, index) =>
    (/^https?:\/\//.test(address) ? [] : [`spec.pdAddresses[${index}]: Invalid value: "${address}": Support 'http'/'https' scheme only. PD address format example: http://{ADDRESS}:{PORT}`]));
  return [...storage, ...addresses];
}
