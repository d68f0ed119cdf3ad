/** States in which a TidbCluster looks well and nothing happens, and changes that must roll nothing. */
import type { Topic } from '../behaviour.ts';
import { components, loneUpgrade } from '../lone-upgrade.ts';
import { to, unreached } from '../stages.ts';
import { imageOf, phaseOf, readyOf } from '../subject.ts';
import type { Subject } from '../subject.ts';

const rest = async (subject: Subject): Promise<string> => {
  const [cluster, set] = [await subject.get(), await subject.set('pd')];
  const isOld = imageOf(set, 'pd').endsWith(`:${to}`);
  return `Ready ${readyOf(cluster)}, PD’s phase ${phaseOf(cluster, 'pd')}, template ${isOld ? 'old' : 'new'}`;
};

async function settle(subject: Subject): Promise<string> {
  const inherited = Object.fromEntries(components.map((component) => [component, { version: null }]));
  return subject.reaction([...components], () => subject.patch({ spec: { version: to, ...inherited } }));
}

async function pause(subject: Subject): Promise<string> {
  await subject.patch({ spec: { paused: true, pd: { version: unreached } } });
  await subject.quiet();
  const seen = await rest(subject);
  await subject.patch({ spec: { paused: false, pd: { version: null } } });
  return seen;
}

/** A spec that the schema lets through and the operator's own validation does not. */
async function invalidate(subject: Subject): Promise<string> {
  await subject.patch({ spec: { pdAddresses: ['pd:2379'], pd: { version: unreached } } });
  const event = await subject.ground.until('the operator tells of the invalid spec', async () => (await subject.events()).find(({ reason }) => reason === 'FailedValidation'));
  await subject.quiet();
  const seen = await rest(subject);
  await subject.patch({ spec: { pdAddresses: null, pd: { version: null } } });
  return `${event['type']} FailedValidation that ${String(event['message']).includes('spec.pdAddresses[0]') ? 'names' : 'does not name'} the field; ${seen}`;
}

/** An evict-leader scheduler that somebody else set, on a store of a TidbCluster at rest. */
async function evictByHand(subject: Subject): Promise<string> {
  const store = (await subject.report()).stores[0]?.id;
  await subject.pd(0, 'POST', '/pd/api/v1/schedulers', { name: 'evict-leader-scheduler', store_id: store });
  await subject.quiet();
  const stays = (await subject.report()).stores.some((one) => one.id === store && one.isEvicting);
  await subject.pd(0, 'DELETE', `/pd/api/v1/schedulers/evict-leader-scheduler-${store}`);
  return stays ? 'it stays' : 'the operator removes it';
}

export const silentStates: Topic = {
  'settle-versions': {
    title: 'Moving the version from all components to the cluster, in one patch', source: '§1.7, #10', judge: 'operator', reliedOnBy: 'upgradeCluster: final settling of versions',
    documented: 'rolls nothing, Ready True',
    observe: async (ground) => settle((await loneUpgrade(ground)).subject),
  },
  paused: {
    title: 'paused with a new version', source: '§2.8, §12.12, #26', judge: 'operator', reliedOnBy: 'preflight: a paused TidbCluster is refused although it looks Ready',
    documented: 'Ready True, PD’s phase Normal, template old',
    observe: async (ground) => pause((await loneUpgrade(ground)).subject),
  },
  'failed-validation': {
    title: 'A spec that fails the operator’s validation', source: '§1.3, §12.12, #27', judge: 'operator', reliedOnBy: 'proof: a newer FailedValidation event forbids it; stall reason',
    documented: 'Warning FailedValidation that names the field; Ready True, PD’s phase Normal, template old',
    observe: async (ground) => invalidate((await loneUpgrade(ground)).subject),
  },
  'foreign-eviction': {
    title: 'An evict-leader scheduler of somebody else, on a store of a TidbCluster at rest', source: 'tikv_member_manager.go', judge: 'operator', reliedOnBy: 'guard against foreign schedulers: nobody else takes them away',
    documented: 'it stays',
    observe: async (ground) => evictByHand((await loneUpgrade(ground)).subject),
  },
};
