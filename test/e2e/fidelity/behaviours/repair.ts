/** A TiDB whose image cannot be pulled, and what it takes to give it a good one. Asked last of its TidbCluster. */
import type { Topic } from '../behaviour.ts';
import type { Ground } from '../ground.ts';
import { loneUpgrade } from '../lone-upgrade.ts';
import { broken, to } from '../stages.ts';
import { imageOf } from '../subject.ts';
import type { Subject } from '../subject.ts';

const smoothUpgrade = ['ddl-paused', 'source-version', 'target-version', 'started-at'].map((key) => `tidb.pingcap.com/smooth-upgrade-${key}`);

const template = async (subject: Subject): Promise<string> => (imageOf(await subject.set('tidb'), 'tidb').endsWith(`:${broken}`) ? 'broken' : 'good');

async function repair(ground: Ground): Promise<string> {
  const { subject } = await loneUpgrade(ground);
  const fault = await ground.lab.faultOn({ kind: 'image-not-pullable', image: `tidb:${broken}`, scope: { namespace: subject.place.namespace } });
  try {
    await subject.patch({ spec: { tidb: { version: broken } } });
    await ground.until('the only TiDB is down', async () => (await subject.get())['status'].tidb.members[`${subject.place.name}-tidb-0`]?.health === false && (await template(subject)) === 'broken');
    await subject.patch({ spec: { tidb: { version: to } } });
    await subject.quiet();
    const asked = await template(subject);
    await subject.patch({ metadata: { annotations: Object.fromEntries(smoothUpgrade.map((key) => [key, null])) } });
    await ground.until('TiDB has its good template', async () => (await template(subject)) === 'good');
    return `after the patch: ${asked} template; without the annotations of smooth upgrade: good template`;
  } finally {
    await ground.lab.faultOff(fault);
  }
}

export const repairs: Topic = {
  'repair-of-the-only-tidb': {
    title: 'A good version for the only TiDB of a TidbCluster whose new image cannot be pulled', source: 'smooth_upgrade.go', judge: 'operator', reliedOnBy: 'stall reason of TiDB: the repair needs the annotations taken away',
    documented: 'after the patch: broken template; without the annotations of smooth upgrade: good template',
    observe: repair,
  },
};
