/** Plain HTTP to a PD at its pod's own address, as something inside the network would do it. */
import { Agent, request } from 'undici';
import type { KubernetesCluster, Scenario } from '../../faults/scenario.ts';

const port = 2_379;
const longest = 10_000;

export interface PdAnswer {
  status: number;
  text: string;
}

/** `tls`: PEM texts of a client. */
export interface PdCall {
  /** Of the pod; absent: the first. */
  ordinal?: number;
  method?: 'GET' | 'POST' | 'DELETE';
  path: string;
  body?: object;
  tls?: { ca: string; cert: string; key: string };
}

/** Asks a PD of a TidbCluster. */
export async function askPd(scenario: Scenario, cluster: KubernetesCluster, { ordinal = 0, method = 'GET', path, body, tls }: PdCall): Promise<PdAnswer> {
  const pod = await scenario.admin(cluster).get(`/api/v1/namespaces/${scenario.name}/pods/${scenario.name}-${cluster}-pd-${ordinal}`);
  const { podIP } = pod['status'] as { podIP: string };
  // A certificate bears names, not addresses.
  const agent = new Agent({ headersTimeout: longest, bodyTimeout: longest, connect: tls ? { ...tls, servername: `${scenario.name}-${cluster}-pd` } : {} });
  try {
    const answer = await request(`${tls ? 'https' : 'http'}://${podIP}:${port}${path}`, { method, dispatcher: agent, body: body ? JSON.stringify(body) : null });
    return { status: answer.statusCode, text: await answer.body.text() };
  } finally {
    await agent.destroy();
  }
}
