import fc from 'fast-check';
import { askAll } from '../../src/tidb/guards/guard.ts';
import { canonical, digest, digestsOf, driftedPaths, managersOf, noDriftSince } from '../../src/tidb/drift.ts';
import type { Digests } from '../../src/tidb/drift.ts';
import { tidbClusterSchema } from '../../src/tidb/objects.ts';
import type { TidbCluster } from '../../src/tidb/objects.ts';
import type { Reason } from '../../src/protocol/outcome.ts';
import { versionPatch, settlingPatch } from '../../src/tidb/spec.ts';
import type { JsonObject, JsonValue } from '../../src/protocol/json.ts';
import { makeView, tidbCluster, usual } from './make-view.ts';
import { mergePatch } from './merge-patch.ts';
import { runs } from './runs.ts';

const base = (): TidbCluster => tidbCluster(makeView({ replicas: { ...usual, tso: 2 } }), 'west').object;
const planned: Digests = digestsOf(base());

/** What the API server makes of a patch by somebody: the fields, and who owns them. */
function patchedBy(manager: string, patch: JsonObject, object = base()): TidbCluster {
  const merged = mergePatch(object, { spec: patch }) as TidbCluster;
  const entry = { manager, operation: 'Update', time: '2026-03-01T11:00:00Z', fieldsV1: { 'f:spec': ownedBy(patch) } };
  return tidbClusterSchema.parse({ ...merged, metadata: { ...merged.metadata, managedFields: [...object.metadata.managedFields, entry] } });
}

/** A removed field is owned by nobody. */
function ownedBy(value: JsonValue): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null).map(([key, each]) => [`f:${key}`, ownedBy(each)]));
}

function said(object: TidbCluster, accepted: string[] = []): Reason[] {
  const view = makeView();
  const member = { ...tidbCluster(view, 'west'), object };
  return askAll([noDriftSince(planned)], view, { member }, accepted);
}

describe('what counts as drift', () => {
  it.each<[string, JsonObject, string[]]>([
    ['a changed value', { tikv: { replicas: 5 } }, ['tikv.replicas']],
    ['a new field', { tikv: { evictLeaderTimeout: '1m' } }, ['tikv.evictLeaderTimeout']],
    ['a removed field', { tikv: { requests: null } }, ['tikv.requests']],
    ['something deep inside', { tikv: { requests: { storage: '20Gi' } } }, ['tikv.requests']],
    ['a field of the whole', { pvReclaimPolicy: 'Delete' }, ['pvReclaimPolicy']],
    ['a list', { imagePullSecrets: [{ name: 'x' }] }, ['imagePullSecrets']],
    ['a new component', { ticdc: { replicas: 1 } }, ['ticdc.replicas']],
    ['a removed component', { tidb: null }, ['tidb.baseImage', 'tidb.replicas', 'tidb.requests']],
    ['another image repository', { pd: { baseImage: 'mine/pd' } }, ['pd.baseImage']],
    ['several at once', { acrossK8s: false, tidb: { replicas: 3 } }, ['acrossK8s', 'tidb.replicas']],
    ['a number that becomes zero', { tikv: { replicas: 0 } }, ['tikv.replicas']],
  ])('%s', (_name, patch, paths) => expect(driftedPaths(patchedBy('kubectl-edit', patch), planned)).toEqual(paths));
});

describe('what does not', () => {
  it.each<[string, TidbCluster]>([
    ['nothing', base()],
    ['our own versions', patchedBy('tidb-runbooks', { tikv: { version: 'v8.5.4' }, version: 'v8.5.4' })],
    ['our own list of microservices', patchedBy('tidb-runbooks', { pdms: [{ name: 'tso', version: 'v8.5.4' }] })],
    ['the brake', patchedBy('tidb-runbooks', { paused: true })],
    ["the operator's defaulting of new fields", patchedBy('tidb-controller-manager', { imagePullPolicy: 'IfNotPresent', tikv: { maxFailoverCount: 3 }, tidb: { spareVolReplaceReplicas: 1 } })],
    ['zero values, which mean the same as absent ones', patchedBy('kubectl-edit', { enablePVReclaim: false, tikv: { privileged: false, priorityClassName: '', maxFailoverCount: 0 } })],
    ['status and metadata', tidbClusterSchema.parse({ ...base(), metadata: { ...base().metadata, labels: { a: 'b' }, generation: 99 }, status: {} })],
    ['the order of keys', tidbClusterSchema.parse({ ...base(), spec: Object.fromEntries(Object.entries(base().spec).reverse()) })],
  ])('%s', (_name, object) => expect(driftedPaths(object, planned)).toEqual([]));

  it('the operator changes nothing that was there: then it counts', () => {
    expect(driftedPaths(patchedBy('tidb-controller-manager', { tikv: { replicas: 4 } }), planned)).toEqual(['tikv.replicas']);
  });
  it('what a person and the operator both own is of a person', () => {
    const twice = patchedBy('tidb-controller-manager', { tikv: { maxFailoverCount: 3 } }, patchedBy('kubectl-edit', { tikv: { maxFailoverCount: 3 } }));
    expect(driftedPaths(twice, planned)).toEqual(['tikv.maxFailoverCount']);
  });
});

describe('in words', () => {
  it('names path, place and the field manager, and needs a person', () => {
    expect(said(patchedBy('kubectl-edit', { tikv: { replicas: 5 } }))).toEqual([
      {
        key: expect.stringMatching(/^drift\/west\/tikv\.replicas\/[0-9a-f]{16}$/),
        message: 'spec.tikv.replicas of TidbCluster shop/shop-west in west was changed after the plan was made (field manager kubectl-edit): retry accepts it, changing it back clears it',
        clears: 'decision',
      },
    ]);
  });

  it('names it also when a key has dots in it', () => {
    const patch = { nodeSelector: { 'kubernetes.io/os': 'linux' } };
    const object = patchedBy('helm', patch);
    expect(managersOf(object.metadata.managedFields, 'nodeSelector.kubernetes.io/os')).toEqual(['helm']);
    expect(said(object)[0]?.message).toContain('(field manager helm)');
  });

  it('a removed field has no owner any more', () => expect(said(patchedBy('kubectl-edit', { tikv: { requests: null } }))[0]).toMatchObject({ key: 'drift/west/tikv.requests/removed', message: expect.not.stringContaining('field manager') }));

  it('what was accepted is not said again, the next change is', () => {
    const five = patchedBy('kubectl-edit', { tikv: { replicas: 5 } });
    const accepted = said(five).map((reason) => reason.key);
    expect(said(five, accepted)).toEqual([]);
    expect(said(patchedBy('kubectl-edit', { tikv: { replicas: 6 } }), accepted)).toHaveLength(1);
  });

  it('changing it back clears it', () => expect(said(patchedBy('kubectl-edit', { tikv: { replicas: 3 } }, patchedBy('kubectl-edit', { tikv: { replicas: 5 } })))).toEqual([]));
});

// Random specs and changes.

const key = fc.constantFrom('maxFailoverCount', 'config', 'limits', 'storageClassName', 'env', 'hostNetwork', 'x.y/z');
const leaf: fc.Arbitrary<JsonValue> = fc.oneof(fc.integer({ min: 1, max: 99 }), fc.string({ minLength: 1 }), fc.constant(true));
const value: fc.Arbitrary<JsonValue> = fc.oneof(leaf, fc.array(leaf, { maxLength: 3 }), fc.dictionary(key, leaf, { minKeys: 1 }));
const place = fc.oneof(fc.tuple(fc.constantFrom('pd', 'tikv', 'tidb', 'helper'), key), fc.tuple(fc.constantFrom('timezone', 'nodeSelector', 'tolerations'), fc.constant(undefined)));
const own = fc.constantFrom<JsonObject>({ version: 'v9.0.0' }, { paused: true }, { tikv: { version: 'v9.0.0' } }, { pd: { version: null } }, { pdms: [{ name: 'tso', version: 'v9.0.0' }] });

function patchAt([first, second]: [string, string | undefined], what: JsonValue): JsonObject {
  return second === undefined ? { [first]: what } : { [first]: { [second]: what } };
}

function at(object: TidbCluster, [first, second]: [string, string | undefined]): unknown {
  const outer = object.spec[first];
  return second === undefined ? outer : (outer as Record<string, unknown> | undefined)?.[second];
}

describe('whatever was planned and is changed', () => {
  it("every change of a value by another's hand is found, at its place", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(place, value), { maxLength: 3 }), place, fc.option(value, { nil: null }), own, (before, where, change, ours) => {
        const start = before.reduce((object, [path, what]) => patchedBy('kubectl', patchAt(path, what), object), base());
        const object = patchedBy('tidb-runbooks', ours, patchedBy('kubectl-edit', patchAt(where, change), start));
        const paths = driftedPaths(object, digestsOf(start));
        const same = canonical(at(object, where)) === canonical(at(start, where));
        const [first, second] = where;
        if (same) expect(paths).toEqual([]);
        else expect(paths.length).toBeGreaterThan(0);
        for (const path of paths) expect(path === first || path.startsWith(second === undefined ? `${first}.` : `${first}.${second}`)).toBe(true);
      }),
      runs,
    );
  });

  it('no change of what the runbooks write is', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(place, value), { maxLength: 3 }), fc.array(own, { maxLength: 3 }), fc.constantFrom('pd', 'tso', 'tikv', 'tidb'), (before, changes, component) => {
        const start = before.reduce((object, [path, what]) => patchedBy('kubectl', patchAt(path, what), object), base());
        const patches = [...changes, versionPatch(start.spec, component, 'v9.0.0')['spec'] as JsonObject, settlingPatch(start.spec, 'v9.0.0')['spec'] as JsonObject];
        const object = patches.reduce((now, patch) => patchedBy('tidb-runbooks', patch, now), start);
        expect(driftedPaths(object, digestsOf(start))).toEqual([]);
      }),
      runs,
    );
  });
});

describe('digests', () => {
  it('do not depend on the order of keys, and do on everything else', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const reversed = typeof a === 'object' && a !== null && !Array.isArray(a) ? Object.fromEntries(Object.entries(a).reverse()) : a;
        expect(digest(reversed)).toBe(digest(a));
        expect(digest(a) === digest(b)).toBe(canonical(a) === canonical(b));
      }),
      runs,
    );
  });

  it('ten thousand small numbers and short texts have digests of their own', () => {
    const values = Array.from({ length: 10_000 }, (_, index) => index);
    expect(new Set([...values.map((each) => digest(each)), ...values.map((each) => digest(`v${each}`))]).size).toBe(2 * values.length);
  });
});
