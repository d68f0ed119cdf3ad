/** The figures of one procedure, from what was seen every 100 ms. */
import { measured } from './sample.ts';
import type { MeasuredComponent, PodSight, Sample } from './sample.ts';

export interface Figures {
  /** How much was measured, and how long the watcher itself was held up at most. */
  samples: number;
  seconds: number;
  longestGapMs: number;
  pd: {
    members: number;
    majority: number;
    leastAlive: number;
    /** Fewer than alive while an election goes on: a member without a leader is not healthy. */
    leastHealthy: number;
    longestBelowMajorityMs: number;
  };
  /** TidbClusters with a component going down or coming back. */
  tidbClusters: { mostAtOnce: number; togetherMs: number };
  mostAway: Record<MeasuredComponent, number>;
  /** No TiDB pod is Ready: a Service leads to none. */
  longestWithoutTidbMs: number;
  ddlPausedMs: number;
}

const isOf = (component: MeasuredComponent) => (sight: PodSight): boolean => sight.component === component;
const aliveOf = ({ pods }: Sample): number => pods.filter(isOf('pd')).filter(({ alive }) => alive).length;
const healthyOf = ({ pods }: Sample): number => pods.filter(isOf('pd')).filter(({ healthy }) => healthy).length;
const awayOf = ({ pods }: Sample, component: MeasuredComponent): number => pods.filter(isOf(component)).filter(({ away }) => away).length;
const disturbedOf = ({ pods }: Sample): number => new Set(pods.filter(({ away }) => away).map(({ kubernetesCluster }) => kubernetesCluster)).size;

const least = (numbers: number[]): number => numbers.reduce((one, other) => Math.min(one, other), Infinity);
const most = (numbers: number[]): number => numbers.reduce((one, other) => Math.max(one, other), 0);

/** How long each stretch of samples lasted in which something was so. A sample counts until the next one. */
function stretches(samples: readonly Sample[], isSo: (sample: Sample) => boolean): number[] {
  const found: number[] = [];
  let since: number | undefined;
  for (const sample of samples) {
    if (isSo(sample)) since ??= sample.at;
    else if (since !== undefined) {
      found.push(sample.at - since);
      since = undefined;
    }
  }
  const last = samples.at(-1);
  return since === undefined || !last ? found : [...found, last.at - since];
}

const sum = (numbers: number[]): number => Math.round(numbers.reduce((one, other) => one + other, 0));

/** Throws when nothing was measured: no figure is better than an invented one. */
export function figuresOf(samples: readonly Sample[]): Figures {
  const [first] = samples;
  const last = samples.at(-1);
  if (!first || !last || !first.pods.some(isOf('pd'))) throw new Error('The watcher saw no PD: there is nothing to measure.');
  const members = most(samples.map(({ pods }) => pods.filter(isOf('pd')).length));
  const majority = Math.floor(members / 2) + 1;
  return {
    samples: samples.length,
    seconds: Math.round((last.at - first.at) / 1_000),
    longestGapMs: Math.round(most(samples.map(({ at }, index) => at - (samples[index - 1]?.at ?? at)))),
    pd: {
      members, majority, leastAlive: least(samples.map(aliveOf)), leastHealthy: least(samples.map(healthyOf)),
      longestBelowMajorityMs: Math.round(most(stretches(samples, (sample) => healthyOf(sample) < majority))),
    },
    tidbClusters: { mostAtOnce: most(samples.map(disturbedOf)), togetherMs: sum(stretches(samples, (sample) => disturbedOf(sample) > 1)) },
    mostAway: Object.fromEntries(measured.map((component) => [component, most(samples.map((sample) => awayOf(sample, component)))])) as Record<MeasuredComponent, number>,
    longestWithoutTidbMs: Math.round(most(stretches(samples, (sample) => sample.pods.filter(isOf('tidb')).every(({ away }) => away)))),
    ddlPausedMs: sum(stretches(samples, ({ ddlPaused }) => ddlPaused === true)),
  };
}
