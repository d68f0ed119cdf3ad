/** How each runbook is written on the command line: its word, its own flags, and the input they make. A new runbook is a new row. */
import type { Command } from 'commander';
import type { RunbookType } from '../client.ts';

/** A flag without a value is `true`. */
type Flags = Record<string, string | boolean | undefined>;

interface RunbookGrammar {
  word: string;
  type: RunbookType;
  description: string;
  example: string;
  flags: readonly { flag: string; description: string }[];
  /** The fields of the input that the flags give. */
  input(flags: Flags): Record<string, unknown>;
}

export const grammars: readonly RunbookGrammar[] = [
  {
    word: 'upgrade',
    type: 'upgradeCluster',
    description: 'move every component of a TiDB cluster, in all of its Kubernetes clusters, to one version',
    example: 'upgrade shop --version v8.5.4',
    flags: [
      { flag: '--version <version>', description: 'the version to run, e.g. v8.5.4' },
      { flag: '--tiproxy-version <version>', description: 'the version of TiProxy; without it TiProxy stays as it is' },
    ],
    input: ({ version, tiproxyVersion }) => ({ version, components: tiproxyVersion ? { tiproxy: { version: tiproxyVersion } } : undefined }),
  },
  {
    word: 'exit',
    type: 'exitCluster',
    description: 'take one TidbCluster out of a TiDB cluster, delete it, and reclaim what it leaves',
    example: 'exit shop --leaving west',
    flags: [
      { flag: '--leaving <kubernetes cluster>', description: 'the Kubernetes cluster whose TidbCluster leaves' },
      { flag: '--way <way>', description: 'out, or back: takes an exit back that was stopped (default: out)' },
      { flag: '--keep-tidb-cluster', description: 'leaves the TidbCluster at zero pods instead of deleting it' },
      { flag: '--reclaim-data <what>', description: 'keep, claims, or volumes: claims with their volumes (default: keep)' },
      { flag: '--reclaim-secrets', description: 'deletes its TLS Secrets' },
      { flag: '--reclaim-monitor', description: 'deletes TidbMonitors that watch it and nothing else' },
    ],
    input: ({ leaving, way, keepTidbCluster, reclaimData, reclaimSecrets, reclaimMonitor }) => ({
      leaving,
      way,
      deleteTidbCluster: keepTidbCluster ? false : undefined,
      reclaim: reclaimData || reclaimSecrets || reclaimMonitor ? { ...(reclaimData ? { data: reclaimData } : {}), ...(reclaimSecrets ? { secrets: true } : {}), ...(reclaimMonitor ? { monitor: true } : {}) } : undefined,
    }),
  },
  {
    word: 'restart',
    type: 'restartCluster',
    description: 'restart components of a TiDB cluster, in the order and with the proofs of an upgrade',
    example: 'restart shop --components pd,tikv',
    flags: [
      { flag: '--components <list>', description: 'which, with commas between them; without it all' },
      { flag: '--mark <mark>', description: 'a second run with the same mark adopts what the first has restarted' },
    ],
    input: ({ components, mark }) => ({ components: typeof components === 'string' ? components.split(',') : undefined, mark }),
  },
  {
    word: 'migrate',
    type: 'migrateCluster',
    description: 'make the one TidbCluster of a TiDB cluster ready for others in other Kubernetes clusters (experimental, may lose data)',
    example: 'migrate shop --cluster-domain k1.example --accept-risk',
    flags: [
      { flag: '--cluster-domain <domain>', description: 'the DNS domain of its Kubernetes cluster; without it names stay without a domain' },
      { flag: '--accept-risk', description: 'needed: it is experimental and may lose data' },
      { flag: '--backup-waiver <reason>', description: 'why no backup of the last 24 hours is needed' },
      { flag: '--probe-image <image>', description: "the image of the pod that looks names up; without it PD's own" },
    ],
    input: ({ clusterDomain, acceptRisk, backupWaiver, probeImage }) => ({ clusterDomain, acceptRisk: acceptRisk ? true : undefined, backupWaiver, probeImage }),
  },
];

/** Adds one sub-command per runbook to `parent`: `<parent> upgrade <cluster> --version …`. */
export function addRunbooks(parent: Command, configure: (command: Command, grammar: RunbookGrammar) => void): void {
  for (const grammar of grammars) {
    const command = parent.command(`${grammar.word} [cluster]`).description(grammar.description);
    for (const { flag, description } of grammar.flags) command.option(flag, description);
    command.option('-i, --input <file>', 'a JSON file with the input; flags stand above it');
    configure(command, grammar);
  }
}

export type { RunbookGrammar };
