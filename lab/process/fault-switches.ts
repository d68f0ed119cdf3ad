/** The faults that the lab itself carries out: a dead operator, a dead API server, a bad way to it. */
import type { Fault as ProxyFault } from '../api-proxy/faults.ts';
import type { Fault } from '../faults/fault.ts';
import type { Switch } from '../faults/switchboard.ts';
import type { KubernetesTwin } from './kubernetes-twin.ts';
import type { Switchboard } from '../faults/switchboard.ts';
import type { RecordFact } from '../event-log.ts';

export interface Switchable {
  twins: readonly KubernetesTwin[];
  switchboard: Switchboard;
  events: { record: RecordFact };
  /** Throws where clusters have no network of their own. */
  setNetworkCut(kubernetesCluster: string, cut: boolean): void;
}

type ProxyInput = Extract<Fault, { kind: 'api-proxy' }>;

/** Rejects when the Kubernetes cluster does not exist. */
export const switchOf = (lab: Switchable): Switch => async (fault, on) => {
  if (!isSwitched(fault)) return;
  const twin = lab.twins.find(({ plane }) => plane.name === fault.scope.kubernetesCluster);
  if (!twin) throw new Error(`The lab has no Kubernetes cluster "${fault.scope.kubernetesCluster}".`);
  const { plane } = twin;
  const note = (kind: string): void => lab.events.record({ kind, kubernetesCluster: plane.name });
  switch (fault.kind) {
    case 'operator-stopped':
      twin.operator.setStopped(on);
      return note(on ? 'operator-stopped' : 'operator-started');
    case 'network-cut':
      return lab.setNetworkCut(plane.name, on);
    case 'api-server-stopped':
      await (on ? plane.stopApiServer() : plane.startApiServer());
      return note(on ? 'api-server-stopped' : 'api-server-started');
    case 'api-proxy-refusing':
      return on ? plane.proxy.refuse() : plane.proxy.accept();
    case 'api-proxy':
      return plane.proxy.setFaults(lab.switchboard.of('api-proxy', fault.scope).map((one) => proxyFault(one, lab.events.record)));
  }
};

const switchedKinds = ['operator-stopped', 'network-cut', 'api-server-stopped', 'api-proxy', 'api-proxy-refusing'] as const;
type Switched = Extract<Fault, { kind: (typeof switchedKinds)[number] }>;
const isSwitched = (fault: Fault): fault is Switched => switchedKinds.some((kind) => kind === fault.kind);

const proxyFault = ({ effect, methods, path, count, share, scope }: ProxyInput, record: RecordFact): ProxyFault => ({
  effect: effect.kind === 'hold' ? { ...effect, note: (asked) => record({ kind: 'call-held', moment: effect.moment, kubernetesCluster: scope.kubernetesCluster, ...asked }) } : effect,
  ...(methods ? { methods } : {}),
  ...(path === undefined ? {} : { path: new RegExp(path) }),
  ...(count === undefined ? {} : { count }),
  ...(share === undefined ? {} : { share }),
});
