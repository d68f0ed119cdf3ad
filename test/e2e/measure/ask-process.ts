/** Asks one process of the database for its own view of itself, at its pod's address. */
import type { Dispatcher } from 'undici';
import { request } from 'undici';
import type { MeasuredComponent } from './sample.ts';

export interface Answered {
  alive: boolean;
  healthy: boolean;
  ddlPaused?: boolean;
}

/** Silence for so long is "not alive". Milliseconds. */
export const silence = 3_000;
const ports = { pd: 2_379, pdEtcd: 12_379, tikv: 20_180, tidb: 10_080 } as const;
const ok = 200;

export const silent: Answered = { alive: false, healthy: false };

interface Reply {
  status: number;
  text: string;
}

/** Undefined for silence, also for a refused connection. */
async function ask(dispatcher: Dispatcher, url: string, body?: object): Promise<Reply | undefined> {
  try {
    const answer = await request(url, { dispatcher, method: body ? 'POST' : 'GET', body: body ? JSON.stringify(body) : null });
    return { status: answer.statusCode, text: await answer.body.text() };
  } catch {
    return undefined;
  }
}

/** A PD lives when both its etcd and its API answer, and is healthy when its etcd knows a leader and it calls itself healthy. */
async function askPd(dispatcher: Dispatcher, address: string, pod: string): Promise<Answered> {
  const [etcd, api] = await Promise.all([
    ask(dispatcher, `http://${address}:${ports.pdEtcd}/v3/maintenance/status`, {}),
    ask(dispatcher, `http://${address}:${ports.pd}/pd/api/v1/health`),
  ]);
  if (etcd?.status !== ok || !api) return silent;
  const { leader = '0' } = JSON.parse(etcd.text) as { leader?: string };
  const members = api.status === ok ? (JSON.parse(api.text) as { name: string; health: boolean }[]) : [];
  return { alive: true, healthy: leader !== '0' && members.some(({ name, health }) => health && (name === pod || name.startsWith(`${pod}.`))) };
}

async function askTidb(dispatcher: Dispatcher, address: string): Promise<Answered> {
  const [status, upgrade] = await Promise.all([ask(dispatcher, `http://${address}:${ports.tidb}/status`), ask(dispatcher, `http://${address}:${ports.tidb}/upgrade/show`)]);
  if (!status) return silent;
  return { alive: true, healthy: status.status === ok, ...(upgrade?.status === ok ? { ddlPaused: upgrade.text.includes('upgrading') } : {}) };
}

async function askTikv(dispatcher: Dispatcher, address: string): Promise<Answered> {
  const reply = await ask(dispatcher, `http://${address}:${ports.tikv}/status`);
  return reply ? { alive: true, healthy: reply.status === ok } : silent;
}

export function askProcess(dispatcher: Dispatcher, component: MeasuredComponent, address: string, pod: string): Promise<Answered> {
  if (component === 'pd') return askPd(dispatcher, address, pod);
  return component === 'tidb' ? askTidb(dispatcher, address) : askTikv(dispatcher, address);
}
