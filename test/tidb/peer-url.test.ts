/** The strict check of a PD peer URL: only one text is right, whatever somebody types, pastes or leaves unexpanded. */
import fc from 'fast-check';
import { expectedPeerUrl, isDomain, peerUrlProblems } from '../../src/tidb/peer-url.ts';
import type { PeerPlace } from '../../src/tidb/peer-url.ts';

const place: PeerPlace = { pod: 'shop-pd-1', tidbCluster: 'shop', namespace: 'db', domain: 'east.example', tls: true };
const right = 'https://shop-pd-1.shop-pd-peer.db.svc.east.example:2380';
const others = [
  { name: 'shop-pd-0.shop-pd-peer.db.svc.east.example', peerUrls: ['https://shop-pd-0.shop-pd-peer.db.svc.east.example:2380'] },
  { name: '', peerUrls: ['https://shop-pd-2.shop-pd-peer.db.svc:2380'] },
];

describe('the right peer URL', () => {
  it.each<[Partial<PeerPlace>, string]>([
    [{}, right],
    [{ tls: false }, 'http://shop-pd-1.shop-pd-peer.db.svc.east.example:2380'],
    [{ domain: undefined }, 'https://shop-pd-1.shop-pd-peer.db.svc:2380'],
    [{ domain: 'cluster.local', pod: 'shop-pd-12' }, 'https://shop-pd-12.shop-pd-peer.db.svc.cluster.local:2380'],
  ])('of %j is %s, and passes', (change, url) => {
    expect(expectedPeerUrl({ ...place, ...change })).toBe(url);
    expect(peerUrlProblems(url, { ...place, ...change }, others)).toEqual([]);
  });

  it('is refused when another member has it, by name', () => {
    const takers = [{ name: 'shop-pd-9', peerUrls: ['http://x:2380', right] }];
    expect(peerUrlProblems(right, place, takers)).toEqual(['member shop-pd-9 has this peer URL already']);
    expect(peerUrlProblems(right, place, [{ name: '', peerUrls: [right] }])).toEqual(['member without a name has this peer URL already']);
  });
});

describe('a wrong peer URL is refused with its reason', () => {
  it.each([
    ['another scheme', right.replace('https', 'http'), 'its scheme is http, but TLS is on'],
    ['no scheme', right.replace('https://', ''), 'it must be exactly'],
    ['a scheme that etcd knows and PD does not', right.replace('https', 'unix'), 'its scheme is unix, but TLS is on'],
    ['another pod', right.replace('pd-1', 'pd-2'), 'its host is shop-pd-2.shop-pd-peer.db.svc.east.example, not shop-pd-1.shop-pd-peer.db.svc.east.example'],
    ['no domain', right.replace('.east.example', ''), 'its host is'],
    ['another domain', right.replace('east', 'west'), 'its host is'],
    ['a final dot', right.replace('example', 'example.'), 'its host is'],
    ['another namespace', right.replace('.db.', '.default.'), 'its host is'],
    ['the client service', right.replace('pd-peer', 'pd'), 'its host is'],
    ['an address', 'https://10.0.0.7:2380', 'its host is 10.0.0.7'],
    ['the client port', right.replace('2380', '2379'), 'its port is 2379, not 2380'],
    ['no port', right.replace(':2380', ''), 'its port is missing, not 2380'],
    ['a port with a leading zero', right.replace('2380', '02380'), 'it is not written in the canonical way'],
    ['a final slash', `${right}/`, 'it has a path'],
    ['a path', `${right}/x`, 'it has a path'],
    ['a query', `${right}?x=1`, 'it has a query'],
    ['an empty query', `${right}?`, 'it has a query'],
    ['a fragment', `${right}#x`, 'it has a fragment'],
    ['an empty fragment', `${right}#`, 'it has a fragment'],
    ['a user', right.replace('//', '//root@'), 'it has user information'],
    ['an empty user', right.replace('//', '//@'), 'it has user information'],
    ['a space behind', `${right} `, 'it has a space or a line break'],
    ['a line break before', `\n${right}`, 'it has a space or a line break'],
    ['a tab inside', right.replace('shop', 'sh\top'), 'it has a space or a line break'],
    ['a no-break space', `${right}\u00A0`, 'it has a space or a line break'],
    ['the unexpanded variable of the official document', '${member_peer_url}', 'it has a variable that was not filled in'],
    ['a variable inside', right.replace('east.example', '${domain}'), 'it has a variable that was not filled in'],
    ['braces', right.replace('east.example', '{domain}'), 'it has a variable that was not filled in'],
    ['capital letters', right.replace('east', 'EAST'), 'it has a capital letter'],
    ['a capital scheme', right.replace('https', 'HTTPS'), 'it has a capital letter'],
    ['two URLs with a comma', `${right},${right}`, 'it is more than one URL'],
    ['two URLs in a row', right + right, 'it is more than one URL'],
    ['quotes', `"${right}"`, 'it has the character """'],
    ['brackets', `[${right}]`, 'it has the character "["'],
    ['a letter that looks the same', right.replace('e', 'е'), 'it must be exactly'],
    ['one slash', right.replace('//', '/'), 'it is not written in the canonical way'],
    ['backslashes', right.replace('//', '\\\\'), 'it has the character "\\"'],
    ['an escaped letter', right.replace('shop', '%73hop'), 'it has the character "%"'],
    ['nothing', '', 'it is not a URL'],
    ['garbage', 'garbage', 'it is not a URL'],
  ])('%s', (_, url, reason) => {
    expect(peerUrlProblems(url, place, others).join('; ')).toContain(reason);
  });

  it('names all reasons at once', () => {
    expect(peerUrlProblems('http://root@shop-pd-1:2379/x', place, others)).toEqual([
      'it has the character "@"', 'its scheme is http, but TLS is on', 'its host is shop-pd-1, not shop-pd-1.shop-pd-peer.db.svc.east.example',
      'its port is 2379, not 2380', 'it has user information', 'it has a path', `it must be exactly ${right}`,
    ]);
  });
});

describe('a place that makes no sense lets nothing pass, not even its own URL', () => {
  it.each<[string, Partial<PeerPlace>]>([
    ['a domain that is no DNS name', { domain: '${domain}' }],
    ['a domain with a capital letter', { domain: 'East.example' }],
    ['a domain with a port', { domain: 'east.example:2380' }],
    ['an empty domain', { domain: '' }],
    ['a domain that ends in a dot', { domain: 'east.example.' }],
    ['a namespace with a dot', { namespace: 'a.b' }],
    ['a pod of another component', { pod: 'shop-tikv-1' }],
    ['a pod of another TidbCluster', { pod: 'shop2-pd-1' }],
    ['a pod without ordinal', { pod: 'shop-pd-' }],
    ['a pod with a leading zero', { pod: 'shop-pd-01' }],
  ])('%s', (_, change) => {
    const odd = { ...place, ...change };
    expect(peerUrlProblems(expectedPeerUrl(odd), odd, others)).not.toEqual([]);
  });
});

describe('whatever somebody writes', () => {
  const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,10}[a-z0-9])?$/);
  const anyPlace = fc.record({ tidbCluster: label, namespace: label, domain: fc.option(fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.')), { nil: undefined }), ordinal: fc.nat(20), tls: fc.boolean() })
    .map(({ ordinal, ...rest }): PeerPlace => ({ ...rest, pod: `${rest.tidbCluster}-pd-${ordinal}` }));
  const piece = fc.oneof(fc.string({ minLength: 1, maxLength: 3 }), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 2 }), fc.constantFrom('/', '#', '?', '@', ' ', '$', '{', '}', '.', ':', '\n', '\t', '\0', '\\', '%2e', ','));

  it('the exact text passes for every place', () => {
    fc.assert(fc.property(anyPlace, (where) => expect(peerUrlProblems(expectedPeerUrl(where), where, [])).toEqual([])));
  });

  it('no mutation of it passes', () => {
    fc.assert(fc.property(anyPlace, fc.nat(), fc.nat(5), fc.option(piece, { nil: '' }), (where, at, cut, put) => {
      const url = expectedPeerUrl(where);
      const start = at % (url.length + 1);
      const mutation = url.slice(0, start) + put + url.slice(start + cut);
      fc.pre(mutation !== url);
      expect(peerUrlProblems(mutation, where, [])).not.toEqual([]);
    }), { numRuns: 5_000 });
  });

  it('no change of case, repetition, or other text passes', () => {
    const change = fc.constantFrom<(url: string) => string>((url) => url.toUpperCase(), (url) => url + url, (url) => `${url},`, (url) => url.trim().slice(1), (url) => `${url}/`, (url) => encodeURI(`${url} `), () => '');
    fc.assert(fc.property(anyPlace, change, (where, mutate) => expect(peerUrlProblems(mutate(expectedPeerUrl(where)), where, [])).not.toEqual([])));
    fc.assert(fc.property(anyPlace, fc.oneof(fc.string(), fc.webUrl({ withFragments: true, withQueryParameters: true })), (where, text) => {
      fc.pre(text !== expectedPeerUrl(where));
      expect(peerUrlProblems(text, where, [])).not.toEqual([]);
    }), { numRuns: 2_000 });
  });

  it('the URL of another place does not pass', () => {
    fc.assert(fc.property(anyPlace, anyPlace, (one, other) => {
      fc.pre(expectedPeerUrl(one) !== expectedPeerUrl(other));
      expect(peerUrlProblems(expectedPeerUrl(one), other, [])).not.toEqual([]);
    }));
  });
});

test.each([['cluster.local', true], ['east', true], ['a-b.c1', true], ['', false], ['a..b', false], ['-a', false], ['a_b', false], ['A', false], ['a'.repeat(64), false], [`${'a.'.repeat(127)}a`, false]])(
  '"%s" as a domain: %s', (text, expected) => expect(isDomain(text)).toBe(expected));
