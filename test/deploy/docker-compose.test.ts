/** docker-compose.yml against the code: every path, port, variable, image tag, search attribute and health check. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { tools } from '../../lab/provision/tools.ts';
import { readSettings, readTemporalSettings, temporalVariables, variables } from '../../src/config.ts';
import { parseInventory } from '../../src/inventory.ts';
import { defaultTaskQueue, searchAttributes } from '../../src/protocol/run.ts';

const root = join(__dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

interface Bind {
  type: string;
  source: string;
  target: string;
  read_only: boolean;
  bind: { create_host_path: boolean };
}

interface Service {
  image?: string;
  build?: string;
  command?: string[];
  environment?: Record<string, string>;
  ports: string[];
  volumes: (string | Bind)[];
  healthcheck: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
  stop_grace_period?: string;
}

const { services, volumes } = parse(read('docker-compose.yml')) as { services: { temporal: Service; worker: Service }; volumes: Record<string, unknown> };
const { temporal, worker } = services;
const environment = worker.environment ?? {};
const binds = worker.volumes as Bind[];

/** `127.0.0.1:9464:9464` → its parts. */
const published = (service: Service): { host: string; outside: string; inside: string }[] =>
  service.ports.map((port) => port.split(':')).map(([host = '', outside = '', inside = '']) => ({ host, outside, inside }));

const valuesOf = (flag: string): string[] => (temporal.command ?? []).filter((_, index, words) => words[index - 1] === flag);
const portOf = (address: string | undefined): string => /:(\d+)$/.exec(address ?? '')?.[1] ?? '';

describe('the Temporal server', () => {
  test('is the image with the CLI version that the demo and the tests run', () => {
    expect(temporal.image).toBe(`temporalio/temporal:${tools.temporal.version}`);
  });

  test('registers every search attribute that runs set, with its type', () => {
    const words = { KEYWORD: 'Keyword', BOOL: 'Bool' } as const;
    expect(valuesOf('--search-attribute')).toEqual(Object.entries(searchAttributes).map(([name, type]) => `${name}=${words[type]}`));
  });

  test('keeps its data in a named volume', () => {
    const [file = ''] = valuesOf('--db-filename');
    const [name = '', path] = (temporal.volumes[0] as string).split(':');
    expect(dirname(file)).toBe(path);
    expect(volumes).toHaveProperty(name);
  });

  test('serves gRPC and the UI on the ports that are published, on loopback only', () => {
    const grpc = portOf(environment['TEMPORAL_ADDRESS']);
    // The UI's port is that of gRPC + 1000 unless another is given (temporal server start-dev --help).
    expect(published(temporal)).toEqual([grpc, String(Number(grpc) + 1000)].map((port) => ({ host: '127.0.0.1', outside: port, inside: port })));
    expect(valuesOf('--ip')).toEqual(['0.0.0.0']);
  });

  test('is asked for its health where it listens', () => {
    expect(temporal.healthcheck.test).toEqual(['CMD', 'temporal', 'operator', 'cluster', 'health', '--address', `127.0.0.1:${portOf(environment['TEMPORAL_ADDRESS'])}`]);
  });
});

describe('the worker', () => {
  test('is built from the Dockerfile of this folder', () => {
    expect(existsSync(join(root, worker.build ?? '', 'Dockerfile'))).toBe(true);
  });

  test('starts when Temporal is healthy', () => {
    expect(worker.depends_on).toEqual({ temporal: { condition: 'service_healthy' } });
  });

  test('sets no variable that the code does not read', () => {
    const known = [...variables.map(({ name }) => name), ...temporalVariables];
    expect(Object.keys(environment).filter((name) => !known.includes(name))).toEqual([]);
  });

  test('sets variables that the code accepts', () => {
    expect(readSettings(environment)).toMatchObject({ taskQueue: defaultTaskQueue, inventoryPath: environment['TIDB_RUNBOOKS_INVENTORY'], deployment: undefined });
    expect(readTemporalSettings(environment)).toMatchObject({ namespace: 'default', connectionOptions: { address: 'temporal:7233' } });
  });

  test('reads the inventory where it is mounted, and the kubeconfig where the example of an inventory looks for it', () => {
    const inventory = environment['TIDB_RUNBOOKS_INVENTORY'] ?? '';
    const { kubernetesClusters } = parseInventory(read('examples/inventory.yaml'), 'examples/inventory.yaml');
    const kubeconfigs = Object.values(kubernetesClusters).map(({ kubeconfig }) => join(dirname(inventory), kubeconfig ?? ''));
    expect(binds.map(({ target }) => target)).toEqual([inventory, ...new Set(kubeconfigs)]);
  });

  test('mounts files read-only, and never makes a directory in place of one that is missing', () => {
    expect(binds.map(({ type, read_only, bind }) => ({ type, read_only, ...bind }))).toEqual(binds.map(() => ({ type: 'bind', read_only: true, create_host_path: false })));
    expect(binds.map(({ source }) => source)).toEqual(['${INVENTORY:-./inventory.yaml}', '${KUBECONFIG_FILE:-./kubeconfig}']);
  });

  test('is asked for its health where it serves it', () => {
    const [, ...words] = worker.healthcheck.test;
    expect(words.slice(0, 2)).toEqual(['node', '-e']);
    expect(words[2]).toContain(`'http://127.0.0.1:${portOf(environment['TIDB_RUNBOOKS_HEALTH_ADDRESS'])}'`);
  });

  test('publishes its metrics on loopback, and links to the published UI', () => {
    const metrics = portOf(environment['TIDB_RUNBOOKS_METRICS_ADDRESS']);
    expect(published(worker)).toEqual([{ host: '127.0.0.1', outside: metrics, inside: metrics }]);
    expect(published(temporal).map(({ outside }) => outside)).toContain(portOf(environment['TIDB_RUNBOOKS_UI_URL']));
  });

  test('gets more time to stop than it takes at most', () => {
    const force = /SHUTDOWN_FORCE = '(\d+)s'/.exec(read('src/worker.ts'))?.[1];
    expect(Number(worker.stop_grace_period?.replace('s', ''))).toBeGreaterThan(Number(force ?? Infinity));
  });
});
