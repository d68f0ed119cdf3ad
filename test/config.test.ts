import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadInventory, readSettings, readTemporalSettings, variables, wantsStacks } from '../src/config.ts';

function thrownBy(attempt: () => unknown): Error {
  try {
    attempt();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'config-test-'))));
afterEach(() => rmSync(directory, { recursive: true }));

/** So that a profile of whoever runs the tests is not read. */
const noProfile = { TEMPORAL_CONFIG_FILE: '/nonexistent/temporal.toml' };

describe('settings', () => {
  test('have defaults with which a worker starts', () => {
    expect(readSettings({ HOSTNAME: 'worker-7' })).toEqual({
      inventoryPath: undefined,
      taskQueue: 'tidb-runbooks',
      uiUrl: undefined,
      person: undefined,
      healthAddress: undefined,
      metricsAddress: undefined,
      logLevel: 'info',
      cachedRuns: 500,
      deployment: undefined,
      workerIdentity: 'worker-7',
    });
  });

  test('take an empty variable for an unset one, as docker-compose passes it', () => {
    expect(readSettings({ TIDB_RUNBOOKS_TASK_QUEUE: '', TIDB_RUNBOOKS_UI_URL: '', TIDB_RUNBOOKS_CACHED_RUNS: '' })).toMatchObject({ taskQueue: 'tidb-runbooks', uiUrl: undefined, cachedRuns: 500 });
  });

  test('take the UI without the slash at its end', () => {
    expect(readSettings({ TIDB_RUNBOOKS_UI_URL: 'http://localhost:8233/' }).uiUrl).toBe('http://localhost:8233');
  });

  test('switch Worker Versioning on only with both variables', () => {
    expect(readSettings({ TEMPORAL_DEPLOYMENT_NAME: 'runbooks', TEMPORAL_WORKER_BUILD_ID: '7' }).deployment).toEqual({ name: 'runbooks', buildId: '7' });
    expect(() => readSettings({ TEMPORAL_WORKER_BUILD_ID: '7' })).toThrow('set both or none');
  });

  test.each([
    [{ TIDB_RUNBOOKS_UI_URL: 'localhost:8233' }, 'TIDB_RUNBOOKS_UI_URL: is an http or https URL'],
    [{ TIDB_RUNBOOKS_HEALTH_ADDRESS: '9465' }, 'TIDB_RUNBOOKS_HEALTH_ADDRESS: is an address and a port'],
    [{ TIDB_RUNBOOKS_LOG_LEVEL: 'loud' }, 'TIDB_RUNBOOKS_LOG_LEVEL: is one of trace, debug, info, warn, error'],
    [{ TIDB_RUNBOOKS_CACHED_RUNS: 'many' }, 'TIDB_RUNBOOKS_CACHED_RUNS: is a whole number'],
    [{ TIDB_RUNBOOKS_CACHED_RUNS: '0' }, 'TIDB_RUNBOOKS_CACHED_RUNS: is at least 1'],
  ])('refuse %j', (environment, problem) => {
    expect(() => readSettings(environment)).toThrow(problem);
    expect(thrownBy(() => readSettings(environment))).toMatchObject({ type: 'InvalidInput' });
  });

  test('say for every variable what it means', () => {
    expect(variables.map(({ name }) => name)).toContain('TIDB_RUNBOOKS_INVENTORY');
    for (const { name, meaning } of variables) expect(`${name}: ${meaning}`).toMatch(/^[A-Z_]+: .+\.$/);
    expect(variables.find(({ name }) => name === 'TIDB_RUNBOOKS_TASK_QUEUE')?.default).toBe('tidb-runbooks');
  });

  test('know whether stacks are wanted, even when the rest is wrong', () => {
    expect(wantsStacks({ TIDB_RUNBOOKS_DEBUG: '1', TIDB_RUNBOOKS_LOG_LEVEL: 'loud' })).toBe(true);
    expect(wantsStacks({})).toBe(false);
  });
});

describe('the Temporal connection', () => {
  test('is the local one without any setting, and names its namespace', () => {
    expect(readTemporalSettings(noProfile)).toMatchObject({ connectionOptions: { address: 'localhost:7233' }, namespace: 'default' });
  });

  test('comes from the profile file of the temporal CLI, and the environment wins', () => {
    const file = join(directory, 'temporal.toml');
    writeFileSync(file, '[profile.prod]\naddress = "temporal.example:7233"\nnamespace = "dba"\napi_key = "from-the-file"\n');
    const environment = { TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'prod', TEMPORAL_NAMESPACE: 'sre' };
    expect(readTemporalSettings(environment)).toMatchObject({ connectionOptions: { address: 'temporal.example:7233', apiKey: 'from-the-file', tls: true }, namespace: 'sre' });
  });

  test('names a profile that does not exist', () => {
    expect(() => readTemporalSettings({ ...noProfile, TEMPORAL_PROFILE: 'prdo' })).toThrow("Profile 'prdo' not found");
  });

  test('never quotes a broken profile file, which may hold a key', () => {
    const file = join(directory, 'temporal.toml');
    writeFileSync(file, '[profile.default]\napi_key = "very-secret"oops\n');
    const { message } = thrownBy(() => readTemporalSettings({ TEMPORAL_CONFIG_FILE: file }));
    expect(message).toContain('cannot be used');
    expect(message).not.toContain('very-secret');
  });
});

describe('the inventory file', () => {
  const text = `
kubernetesClusters:
  east: { kubeconfig: kube/config, context: east }
  west: { kubeconfig: /etc/kube/config, context: west }
tidbClusters: {}
`;

  test('gives relative kubeconfigs the folder of the file', () => {
    const path = join(directory, 'inventory.yaml');
    writeFileSync(path, text);
    const { kubernetesClusters } = loadInventory(path);
    expect(kubernetesClusters['east']?.kubeconfig).toBe(join(directory, 'kube/config'));
    expect(kubernetesClusters['west']?.kubeconfig).toBe('/etc/kube/config');
  });

  test('is named in what is wrong with it', () => {
    const path = join(directory, 'inventory.yaml');
    writeFileSync(path, 'tidbClusters: 1');
    expect(() => loadInventory(path)).toThrow(`The inventory ${path} is not right`);
  });

  test('is asked for when no path is set, or nothing is there', () => {
    expect(() => loadInventory(undefined)).toThrow('set TIDB_RUNBOOKS_INVENTORY');
    expect(() => loadInventory(join(directory, 'no.yaml'))).toThrow('cannot be read (ENOENT)');
  });

  test('of the examples is right', () => {
    expect(Object.keys(loadInventory('examples/inventory.yaml').tidbClusters)).toEqual(['shop']);
  });
});
