/** Facts that the list cannot look at, kept in it so that nobody takes them for checked. */
import type { Topic } from '../behaviour.ts';
import { notObserved } from '../behaviour.ts';

export const leftOut: Topic = {
  'ca-copies': {
    title: 'Copies of a CA Secret do not follow its renewal', source: '§12.17', judge: 'Kubernetes', reliedOnBy: 'certificate checks',
    observe: () => notObserved('Secrets are made by people and cert-manager; neither lab runs one, and the operator writes no Secret'),
  },
  'leaf-without-domain': {
    title: 'A leaf certificate that lacks a name of the domain', source: '§12.17', judge: 'database twin', reliedOnBy: 'migrateCluster with TLS',
    observe: () => notObserved('the list deploys without TLS, since each TLS deployment costs half a minute with the real operator; the twin’s TLS is tested in test/lab'),
  },
  'join-without-domain': {
    title: 'A join that gets peer URLs without a domain', source: '§12.10, #21', judge: 'operator', reliedOnBy: 'migrateCluster before a join',
    observe: () => notObserved('a deployment waits until the joined TidbCluster is whole, which this one never is; the twin’s join is tested in test/lab'),
  },
  'eviction-timeout': {
    title: 'Eviction of leaders is given up after 1500 minutes', source: '§2.4, §12.6', judge: 'operator', reliedOnBy: 'stall reason of leaders that do not move',
    observe: () => notObserved('it takes 25 hours'),
  },
};
