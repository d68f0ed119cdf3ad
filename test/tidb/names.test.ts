import { ownsAddress, parseHost, podOf } from '../../src/tidb/names.ts';
import { makeView, tidbCluster } from './make-view.ts';

const west = tidbCluster(makeView(), 'west');

describe('reads the host out of what PD calls a member or store', () => {
  const host = { pod: 'shop-west-pd-0', service: 'shop-west-pd-peer', namespace: 'shop', domain: 'west.example' };
  it.each([
    ['a URL', 'https://shop-west-pd-0.shop-west-pd-peer.shop.svc.west.example:2379'],
    ['a URL with a slash', 'http://shop-west-pd-0.shop-west-pd-peer.shop.svc.west.example:2379/'],
    ['a URL with a path', 'http://shop-west-pd-0.shop-west-pd-peer.shop.svc.west.example:2379/pd/api/v1'],
    ['host and port', 'shop-west-pd-0.shop-west-pd-peer.shop.svc.west.example:20160'],
    ['a bare host', 'shop-west-pd-0.shop-west-pd-peer.shop.svc.west.example'],
  ])('%s', (_name, address) => expect(parseHost(address)).toEqual(host));

  it('without a domain', () => expect(parseHost('http://shop-west-pd-0.shop-west-pd-peer.shop.svc:2379')).toEqual({ ...host, domain: '' }));
  it.each(['', '10.0.0.7:20160', 'http://10.0.0.7:2379', 'pd.example.com', 'shop-west-pd-0'])('knows that "%s" is no name of a pod', (address) => {
    expect(parseHost(address)).toBeUndefined();
    expect(podOf(address)).toBe(address);
  });
  it('names the pod', () => expect(podOf('https://shop-west-pd-0.shop-west-pd-peer.shop.svc.west.example:2379')).toBe('shop-west-pd-0'));
});

describe('whose address it is', () => {
  it.each<[string, string, boolean]>([
    ['its own', 'shop-west-tikv-0.shop-west-tikv-peer.shop.svc.west.example:20160', true],
    ['its own without a domain, as before clusterDomain was set (Ⓞ24)', 'shop-west-tikv-0.shop-west-tikv-peer.shop.svc:20160', true],
    ['of another domain', 'shop-west-tikv-0.shop-west-tikv-peer.shop.svc.east.example:20160', false],
    ['of another namespace', 'shop-west-tikv-0.shop-west-tikv-peer.test.svc.west.example:20160', false],
    ['of another component', 'shop-west-tiflash-0.shop-west-tiflash-peer.shop.svc.west.example:3930', false],
    ['of a TidbCluster whose name begins alike', 'shop-west-2-tikv-0.shop-west-2-tikv-peer.shop.svc.west.example:20160', false],
    ['of a machine', '10.0.0.7:20160', false],
  ])('%s', (_name, address, owns) => expect(ownsAddress(west, 'tikv', address)).toBe(owns));

  it('a host with a domain is not of a TidbCluster that has none', () => {
    const bare = { ...west, object: { ...west.object, spec: { ...west.object.spec, clusterDomain: '' } } };
    expect(ownsAddress(bare, 'pd', 'http://shop-west-pd-0.shop-west-pd-peer.shop.svc.west.example:2379')).toBe(false);
    expect(ownsAddress(bare, 'pd', 'http://shop-west-pd-0.shop-west-pd-peer.shop.svc:2379')).toBe(true);
  });
});
