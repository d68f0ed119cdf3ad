/** The record of an exit in the leaving TidbCluster, and what a stopped exit says of itself. */
import { exitStateOf, whyNoWayBack } from '../../../src/tidb/exit/back.ts';
import { recordedReplicas, replicasAnnotation, replicasToRecord, replicasToRestore } from '../../../src/tidb/exit/record.ts';
import type { ClusterView } from '../../../src/tidb/view.ts';
import { makeView, specOf, tidbCluster } from '../make-view.ts';
import { askForNone, drain, leave } from './exiting.ts';

const west = (view: ClusterView) => tidbCluster(view, 'west');
const stopped = (record = '{"pd":1,"tidb":2,"tikv":2}'): ClusterView => {
  const view = makeView({ replicas: { pd: 1, tikv: 2, tidb: 2 } });
  west(view).object.metadata.annotations[replicasAnnotation] = record;
  return view;
};

describe('the record', () => {
  test('of a component that was scaled in before stays what it was', () => {
    const view = stopped();
    specOf(view, 'west', 'tidb').replicas = 0;
    specOf(view, 'west', 'tikv').replicas = 3;
    expect(replicasToRecord(west(view).object)).toEqual({ pd: 1, tidb: 2, tikv: 3 });
  });

  test('restores only what has fewer pods than were recorded', () => {
    const view = stopped();
    specOf(view, 'west', 'tidb').replicas = 0;
    specOf(view, 'west', 'tikv').replicas = 5;
    expect(replicasToRestore(west(view).object)).toEqual({ tidb: 2 });
  });

  test.each(['', 'nonsense', '{"pd":"1"}', '{"postgres":1}', '[]', '{"pd":-1}'])('%j is none', (record) => {
    expect(recordedReplicas(west(stopped(record)).object)).toBeUndefined();
  });
});

describe('a stopped exit', () => {
  test('says how far it is, that PD goes on, and the exact way back', () => {
    const view = stopped();
    leave(view, 'west', 'tidb');
    askForNone(view, 'west', 'tikv');
    drain(view, 'west', 9);
    expect(exitStateOf(view, west(view))).toEqual([
      'TidbCluster shop/shop-west in west was scaled in by an exit: TiDB (had 2), TiKV (had 2)',
      'PD is emptying the stores 1 (9 regions left), 2 (9 regions left) of TidbCluster shop/shop-west in west and goes on with it by itself',
      'the way back, until its PD has left: tidb-runbook start exit shop --leaving west --way back (or start exitCluster with {"cluster":"shop","leaving":"west","way":"back"})',
    ]);
  });

  test('offers no way back once its PD has left', () => {
    const view = stopped();
    for (const component of ['tidb', 'tikv', 'pd'] as const) leave(view, 'west', component);
    expect(exitStateOf(view, west(view)).at(-1)).toBe('there is no way back by this runbook: the PD members of TidbCluster shop/shop-west in west have left the TiDB cluster: scale it out or join it anew instead');
  });

  test('without PD of its own may come back as long as it is there', () => {
    const view = stopped('{"tikv":2}');
    expect(whyNoWayBack(view, west(view))).toEqual([]);
  });

  test('that is being deleted does not come back', () => {
    const view = stopped();
    west(view).object.metadata.deletionTimestamp = '2026-03-01T12:00:00Z';
    expect(whyNoWayBack(view, west(view))).toEqual([expect.stringMatching(/is being deleted/)]);
  });

  test('says nothing of a TidbCluster that was never leaving', () => {
    const view = stopped();
    expect(exitStateOf(view, west(view))).toEqual([]);
    expect(exitStateOf(view, tidbCluster(view, 'east'))).toEqual([]);
  });
});
