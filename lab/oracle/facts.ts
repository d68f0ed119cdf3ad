/** The facts of the twins' diary (`events.jsonl`, lab/event-log.ts) that judging needs; other kinds are left out. */
import { z } from 'zod';
import { problemOf, readJsonLines } from './read-json-lines.ts';
import type { OnGap } from './read-json-lines.ts';

const usedKinds = new Set([
  'pod-created', 'pod-deleted', 'pod-gone', 'pod-ready', 'member-joined', 'member-left', 'member-up', 'member-down', 'pd-leader', 'member-moved', 'store-state', 'store-away', 'store-back',
  'eviction-end', 'region-shortage', 'component-rolling', 'component-settled', 'ddl-resumed', 'fault-on', 'fault-off', 'database-bootstrapped',
]);

const text = z.string().optional();
const count = z.number().optional();

const factSchema = z.object({
  time: z.iso.datetime().transform((time) => Date.parse(time)),
  kind: z.string(),
  database: text, kubernetesCluster: text, namespace: text, tidbCluster: text, component: text, pod: text,
  member: text, alive: count, members: count, leader: z.string().nullish(), peerUrls: text,
  store: count, engine: text, from: z.string().nullish(), to: text,
  replicas: count, missing: count, pending: count, down: count,
  fault: text, id: count,
});

/** `time` is milliseconds since 1970. */
export type Fact = z.infer<typeof factSchema>;

const kindSchema = z.object({ kind: z.string() });

/** In the order of time. Throws when the file is missing or a fact lacks what its kind promises. */
export async function readFacts(file: string, onGap: OnGap): Promise<Fact[]> {
  const facts: Fact[] = [];
  for await (const { value, place } of readJsonLines(file, '{"time":', onGap)) {
    const kind = kindSchema.safeParse(value).data?.kind;
    if (kind === undefined || !usedKinds.has(kind)) continue;
    const parsed = factSchema.safeParse(value);
    if (!parsed.success) throw new Error(`The fact ${place} (${kind}) cannot be read: ${problemOf(parsed.error)}`);
    facts.push(parsed.data);
  }
  return facts.sort((a, b) => a.time - b.time);
}
