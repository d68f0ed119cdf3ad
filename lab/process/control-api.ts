/** The lab's own HTTP API on loopback: deployments, faults, state of databases, end of the lab. `client.ts` speaks it. */
import { z } from 'zod';
import { dispatch, listen, route } from '../database/http-routes.ts';
import type { Answer, Listener, Route } from '../database/http-routes.ts';
import { databaseSettingsSchema } from '../database/database-settings.ts';
import { deploymentSchema } from '../deploy/deployment.ts';
import { faultSchema } from '../faults/fault.ts';
import type { Lab } from './lab.ts';

/** Any free port. */
const anyPort = 0;

/** `shutdown` is called once when somebody asks for the end. */
export async function startControlApi(lab: Lab, shutdown: () => void): Promise<Listener & { url: string }> {
  const routes = routesOf(lab, shutdown);
  const listener = await listen({ address: '127.0.0.1', port: anyPort }, (call) => dispatch(routes, call).catch(refusal));
  return { ...listener, url: `http://127.0.0.1:${listener.port}` };
}

/** Every refusal is one sentence. */
function refusal(error: unknown): Answer {
  if (error instanceof z.ZodError) return { status: 400, json: { message: z.prettifyError(error) } };
  return { status: 409, json: { message: error instanceof Error ? error.message : String(error) } };
}

function routesOf(lab: Lab, shutdown: () => void): Route[] {
  return [
    route('GET', /^\/healthz$/, () => ({ text: 'ok' })),
    route('POST', /^\/shutdown$/, () => {
      setImmediate(shutdown);
      return { status: 202 };
    }),
    route('GET', /^\/deployments$/, () => ({ json: lab.deployments() })),
    route('POST', /^\/deployments$/, async ({ body }) => ({ json: await lab.deploy(deploymentSchema.parse(JSON.parse(body))) })),
    route('DELETE', /^\/deployments\/([^/]+)$/, async ({ parts }) => {
      await lab.remove(parts[0] ?? '');
      return { status: 204 };
    }),
    route('GET', /^\/databases$/, () => ({ json: lab.reports() })),
    route('GET', /^\/databases\/([^/]+)$/, ({ parts }) => ({ json: lab.report(parts[0] ?? '') })),
    route('PATCH', /^\/databases\/([^/]+)$/, ({ parts, body }) => ({ json: lab.change(parts[0] ?? '', databaseSettingsSchema.parse(JSON.parse(body))) })),
    route('GET', /^\/faults$/, () => ({ json: lab.switchboard.list() })),
    route('POST', /^\/faults$/, async ({ body }) => ({ json: await lab.switchboard.turnOn(faultSchema.parse(JSON.parse(body))) })),
    route('DELETE', /^\/faults\/(\d+)$/, async ({ parts }) => ({ status: (await lab.switchboard.turnOff(Number(parts[0]))) ? 204 : 404 })),
    route('DELETE', /^\/faults$/, async () => {
      for (const { id } of lab.switchboard.list()) await lab.switchboard.turnOff(id);
      return { status: 204 };
    }),
  ];
}
