import fc from 'fast-check';
import { allComponents } from '../../src/tidb/components.ts';
import type { Component } from '../../src/tidb/components.ts';
import { tidbClusterSchema } from '../../src/tidb/objects.ts';
import type { TidbClusterSpec } from '../../src/tidb/objects.ts';
import { desiredImage, desiredVersion, isSettled, settledSpec, settlingPatch, specOf, versionPatch } from '../../src/tidb/spec.ts';
import { mergePatch } from './merge-patch.ts';
import { runs } from './runs.ts';

const specFrom = (spec: object): TidbClusterSpec => tidbClusterSchema.parse({ metadata: { name: 'shop' }, spec }).spec;

describe('the image that the operator will want', () => {
  it.each<[string, object, Component, string | undefined]>([
    ['of spec.version', { version: 'v8.5.3', tikv: { baseImage: 'pingcap/tikv' } }, 'tikv', 'pingcap/tikv:v8.5.3'],
    ["of the component's own version", { version: 'v8.5.3', tikv: { baseImage: 'pingcap/tikv', version: 'v8.5.4' } }, 'tikv', 'pingcap/tikv:v8.5.4'],
    ['with version: null it inherits', { version: 'v8.5.3', tikv: { baseImage: 'pingcap/tikv', version: null } }, 'tikv', 'pingcap/tikv:v8.5.3'],
    ['with an empty version it inherits', { version: 'v8.5.3', tikv: { baseImage: 'pingcap/tikv', version: '' } }, 'tikv', 'pingcap/tikv:v8.5.3'],
    ["without baseImage it is the operator's default", { version: 'v8.5.3', pump: {} }, 'pump', 'pingcap/tidb-binlog:v8.5.3'],
    ['from a registry with a port', { version: 'v8.5.3', pd: { baseImage: 'registry:5000/pingcap/pd' } }, 'pd', 'registry:5000/pingcap/pd:v8.5.3'],
    ['without any version it is bare', { tidb: { baseImage: 'pingcap/tidb' } }, 'tidb', 'pingcap/tidb'],
    ["of a microservice with a baseImage of its own", { version: 'v8.5.3', pd: { baseImage: 'pingcap/pd' }, pdms: [{ name: 'tso', baseImage: 'mine/pd' }] }, 'tso', 'mine/pd:v8.5.3'],
    ["of a microservice without one it is PD's", { version: 'v8.5.3', pd: { baseImage: 'mine/pd' }, pdms: [{ name: 'tso' }] }, 'tso', 'mine/pd:v8.5.3'],
    ['of a microservice with its own version', { version: 'v8.5.3', pd: { baseImage: 'pingcap/pd', version: 'v8.5.3' }, pdms: [{ name: 'scheduling', version: 'v8.5.4' }] }, 'scheduling', 'pingcap/pd:v8.5.4'],
    ['unknown for the legacy field', { version: 'v8.5.3', tikv: { image: 'pingcap/tikv:v8.5.3' } }, 'tikv', undefined],
    ['baseImage wins over the legacy field', { version: 'v8.5.3', tikv: { image: 'old/tikv:v1', baseImage: 'pingcap/tikv' } }, 'tikv', 'pingcap/tikv:v8.5.3'],
    ['of what is not there', { version: 'v8.5.3' }, 'tiflash', undefined],
    ['TiProxy has its own line', { version: 'v8.5.3', tiproxy: { baseImage: 'pingcap/tiproxy', version: 'v1.3.0' } }, 'tiproxy', 'pingcap/tiproxy:v1.3.0'],
  ])('%s', (_name, spec, component, image) => expect(desiredImage(specFrom(spec), component)).toBe(image));
});

describe('the patch that asks for a version', () => {
  it('names one field', () => expect(versionPatch(specFrom({ tikv: {} }), 'tikv', 'v8.5.4')).toEqual({ spec: { tikv: { version: 'v8.5.4' } } }));

  it('writes the list of microservices whole, with every unknown field of every entry', () => {
    const spec = specFrom({ pdms: [{ name: 'tso', replicas: 2, config: 'x' }, { name: 'scheduling', replicas: 1, version: 'v8.5.3' }] });
    expect(versionPatch(spec, 'tso', 'v8.5.4')).toEqual({
      spec: { pdms: [{ name: 'tso', replicas: 2, config: 'x', version: 'v8.5.4' }, { name: 'scheduling', replicas: 1, version: 'v8.5.3' }] },
    });
  });
});

describe('the patch that settles', () => {
  const spec = specFrom({ version: 'v8.5.3', pd: { version: 'v8.5.4' }, tikv: { version: 'v8.5.4' }, tidb: {}, tiproxy: { version: 'v1.3.0' }, pdms: [{ name: 'tso', version: 'v8.5.4' }, { name: 'scheduling' }] });

  it('moves the target into spec.version and leaves TiProxy alone', () => {
    expect(settlingPatch(spec, 'v8.5.4')).toEqual({ spec: { version: 'v8.5.4', pd: { version: null }, tikv: { version: null }, pdms: [{ name: 'tso', replicas: 0 }, { name: 'scheduling', replicas: 0 }] } });
  });

  it.each<[string, object, boolean]>([
    ['spec.version alone is settled', { version: 'v8.5.4', pd: {}, tikv: { version: null } }, true],
    ['TiProxy may keep its own', { version: 'v8.5.4', tiproxy: { version: 'v1.3.0' } }, true],
    ['an own version is not settled, not even the same', { version: 'v8.5.4', tikv: { version: 'v8.5.4' } }, false],
    ['nor that of a microservice', { version: 'v8.5.4', pdms: [{ name: 'tso', version: 'v8.5.4' }] }, false],
    ['nor another spec.version', { version: 'v8.5.3' }, false],
  ])('%s', (_name, given, settled) => expect(isSettled(specFrom(given), 'v8.5.4')).toBe(settled));
});

const version = fc.constantFrom('v8.5.3', 'v8.5.4');
const ownVersion = fc.option(fc.constantFrom('v8.5.3', 'v8.5.4', ''), { nil: undefined });
const component = fc.record({ replicas: fc.nat(3), version: ownVersion, config: fc.constantFrom('a', 'b') }, { requiredKeys: ['replicas'] });
const fields = ['pd', 'tiproxy', 'tiflash', 'tikv', 'pump', 'tidb', 'ticdc'] as const;
const anySpec = fc
  .tuple(version, fc.record(Object.fromEntries(fields.map((field) => [field, component])), { requiredKeys: [] }), fc.option(fc.subarray(['tso', 'scheduling']), { nil: undefined }), component)
  .map(([own, parts, names, microservice]) => specFrom({ version: own, ...parts, ...(names ? { pdms: names.map((name) => ({ ...microservice, name })) } : {}) }));

describe('whatever the spec is', () => {
  it('after the patch exactly that component asks for the version, and nothing else has changed', () => {
    fc.assert(
      fc.property(anySpec, fc.constantFrom(...allComponents), (spec, asked) => {
        fc.pre(specOf(spec, asked) !== undefined);
        const after = specFrom((mergePatch({ spec }, versionPatch(spec, asked, 'v9.0.0')) as { spec: object }).spec);
        for (const each of allComponents) expect(desiredVersion(after, each)).toBe(each === asked ? 'v9.0.0' : desiredVersion(spec, each));
        expect({ ...specOf(after, asked), version: undefined }).toEqual({ ...specOf(spec, asked), version: undefined });
      }),
      runs,
    );
  });

  it('the settling patch makes of it what settledSpec foretells, it is settled then, and settles once', () => {
    fc.assert(
      fc.property(anySpec, version, (spec, target) => {
        const after = specFrom((mergePatch({ spec }, settlingPatch(spec, target)) as { spec: object }).spec);
        expect(isSettled(after, target)).toBe(true);
        for (const each of allComponents) expect(desiredImage(after, each)).toBe(desiredImage(settledSpec(spec, target), each));
        expect(mergePatch({ spec: after }, settlingPatch(after, target))).toEqual({ spec: after });
      }),
      runs,
    );
  });
});
