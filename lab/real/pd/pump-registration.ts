/** A Pump writes into PD's etcd who and where it is; the operator reads its state there. */
import type { Databases } from '../../database/databases.ts';
import { advertisedHost, keyOf } from '../../database/processes/process.ts';
import type { Container, Process } from '../../database/processes/process.ts';
import { putKey } from './etcd-calls.ts';
import { EtcdMembers } from './etcd-members.ts';

const port = 8_250;
const lookEvery = 200;

/** Registers when the process serves; a Pump that is stopped only pauses. */
export function registerPump(process: Process, container: Container, databases: Databases): Process {
  let isStopped = false;
  const write = async (state: 'online' | 'paused'): Promise<void> => {
    const members = databases.of(keyOf(container.origin))?.members;
    const seat = members instanceof EtcdMembers && members.leader ? members.seatOf(members.leader) : undefined;
    if (!seat) throw new Error('PD has no leader');
    const { pod } = container.origin;
    await putKey(seat.url, `/tidb-binlog/v1/pumps/${pod}`, JSON.stringify({ nodeId: pod, host: `${advertisedHost(container)}:${port}`, state }));
  };
  const timer = setInterval(() => {
    if (!process.isReady()) return;
    write('online').then(() => clearInterval(timer), () => undefined);
  }, lookEvery);
  return {
    isReady: () => process.isReady(),
    failure: () => process.failure?.(),
    stop: () => {
      clearInterval(timer);
      if (!isStopped) void write('paused').catch(() => undefined);
      isStopped = true;
      process.stop();
    },
  };
}
