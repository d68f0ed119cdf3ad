/** PD's maintenance lock: one task at a time in the whole database (`PD/server/apiv2/handlers/maintenance.go`). */
import type { Database } from './database.ts';
import { route } from './http-routes.ts';
import type { Answer, Call, Route } from './http-routes.ts';
import { atLeast } from './versions.ts';

const lockSince = 'v8.5.7';
const millisecondsPerSecond = 1_000;

/** No routes, so 404, for a PD that is too old. */
export function maintenanceRoutes(database: Database, version: string): Route[] {
  if (!atLeast(version, lockSince)) return [];
  return [
    route('PUT', /^\/pd\/api\/v2\/maintenance\/([^/]+)\/([^/]+)$/, (call) => start(database, call)),
    route('GET', /^\/pd\/api\/v2\/maintenance$/, () => (database.maintenance ? { json: [database.maintenance] } : none(''))),
    route('GET', /^\/pd\/api\/v2\/maintenance\/([^/]+)$/, ({ parts }) =>
      database.maintenance?.type === parts[0] ? { json: database.maintenance } : none(' for this type')),
    route('DELETE', /^\/pd\/api\/v2\/maintenance\/([^/]+)\/([^/]+)$/, (call) => end(database, call)),
  ];
}

const none = (of: string): Answer => ({ status: 404, json: `No maintenance task is running${of}` });

function start(database: Database, { parts, body }: Call): Answer {
  if (database.maintenance) return { status: 409, json: { error: 'Another maintenance task is already running', existing_task: database.maintenance } };
  database.maintenance = { type: parts[0] ?? '', id: parts[1] ?? '', start_timestamp: Math.floor(Date.now() / millisecondsPerSecond), description: body };
  return { json: 'Maintenance task started successfully.' };
}

function end(database: Database, { parts }: Call): Answer {
  const task = database.maintenance;
  if (task?.type !== parts[0]) return none(' for this type');
  if (task?.id !== parts[1]) return { status: 409, json: { error: 'Task ID does not match the current task', existing_task: task } };
  database.maintenance = undefined;
  return { json: 'Maintenance task deleted successfully.' };
}
