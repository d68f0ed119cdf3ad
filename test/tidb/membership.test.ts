import fc from 'fast-check';
import { findMembers, referencedBy } from '../../src/tidb/membership.ts';
import type { Located } from '../../src/tidb/membership.ts';
import { tidbClusterSchema } from '../../src/tidb/objects.ts';
import { runs } from './runs.ts';

interface Reference {
  name: string;
  namespace?: string;
  clusterDomain?: string;
}

const located = (kubernetesCluster: string, name: string, more: { domain?: string; namespace?: string; cluster?: Reference } = {}): Located => {
  const { domain = `${kubernetesCluster}.example`, namespace = 'shop', cluster } = more;
  return { kubernetesCluster, object: tidbClusterSchema.parse({ metadata: { name, namespace }, spec: { clusterDomain: domain, ...(cluster ? { cluster } : {}) } }) };
};
const names = (start: Located, all: Located[]): string[] => findMembers(start, all).members.map((each) => `${each.kubernetesCluster}/${each.object.metadata.name}`);

const first = located('west', 'shop');
const toFirst: Reference = { name: 'shop', namespace: 'shop', clusterDomain: 'west.example' };

describe('who belongs to one TiDB cluster', () => {
  it('one alone', () => expect(names(first, [first])).toEqual(['west/shop']));

  it('all that refer to the initial one, in inventory order', () => {
    const all = [located('north', 'shop', { cluster: toFirst }), first, located('east', 'shop', { cluster: toFirst })];
    expect(names(first, all)).toEqual(['west/shop', 'north/shop', 'east/shop']);
  });

  it('a chain, followed in both directions from any of its links', () => {
    const second = located('east', 'shop', { cluster: toFirst });
    const third = located('north', 'shop', { cluster: { name: 'shop', clusterDomain: 'east.example' } });
    const all = [first, second, third];
    expect(names(first, all)).toEqual(['west/shop', 'east/shop', 'north/shop']);
    expect(names(second, all)).toEqual(['east/shop', 'west/shop', 'north/shop']);
    expect(names(third, all)).toEqual(['north/shop', 'west/shop', 'east/shop']);
  });

  it('not a stranger, not one of the same name in another namespace, not one with a reference of its own elsewhere', () => {
    const stranger = located('east', 'other');
    const elsewhere = located('north', 'shop', { namespace: 'test', cluster: { name: 'shop', clusterDomain: 'west.example' } });
    expect(names(first, [first, stranger, elsewhere])).toEqual(['west/shop']);
  });

  it('an absent namespace of the reference means its own', () => {
    expect(names(first, [first, located('east', 'shop', { cluster: { name: 'shop', clusterDomain: 'west.example' } })])).toEqual(['west/shop', 'east/shop']);
  });

  it('two that refer to each other (Ⓞ37) are found and end', () => {
    const a = located('west', 'shop', { cluster: { name: 'shop', clusterDomain: 'east.example' } });
    const b = located('east', 'shop', { cluster: toFirst });
    expect(names(a, [a, b])).toEqual(['west/shop', 'east/shop']);
  });

  it('two initial ones with nothing between them are two TiDB clusters (Ⓞ33)', () => {
    const other = located('east', 'shop');
    expect(names(first, [first, other])).toEqual(['west/shop']);
    expect(names(other, [first, other])).toEqual(['east/shop']);
  });
});

describe('which one a reference means', () => {
  it('the domain decides among the same names', () => {
    const all = [first, located('east', 'shop'), located('north', 'shop', { cluster: { ...toFirst, clusterDomain: 'east.example' } })];
    expect(referencedBy(all[2] as Located, all).map((each) => each.kubernetesCluster)).toEqual(['east']);
  });

  it('a reference without the domain finds the only one of that name', () => {
    const joiner = located('east', 'shop-2', { cluster: { name: 'shop' } });
    expect(names(first, [first, joiner])).toEqual(['west/shop', 'east/shop-2']);
  });

  it('a reference into another domain does not mean the one of the same name here', () => {
    const joiner = located('east', 'shop-2', { cluster: { name: 'shop', clusterDomain: 'elsewhere.example' } });
    expect(names(first, [first, joiner])).toEqual(['west/shop']);
  });

  it('one that has no domain itself may be meant by a reference with one', () => {
    const bare = located('west', 'shop', { domain: '' });
    expect(names(bare, [bare, located('east', 'shop-2', { cluster: toFirst })])).toEqual(['west/shop', 'east/shop-2']);
  });

  it('an ambiguous one is a problem in words that names both candidates', () => {
    const plain = { domain: '' };
    const [a, b] = [located('west', 'shop', plain), located('east', 'shop', plain)];
    const joiner = located('north', 'shop-3', { domain: '', cluster: { name: 'shop' } });
    const { problems } = findMembers(a, [a, b, joiner]);
    expect(problems).toEqual(['north:shop/shop-3 refers by spec.cluster to west:shop/shop and east:shop/shop: give the TidbClusters distinct cluster domains or names']);
  });

  it('the ambiguity of strangers is not ours', () => {
    const plain = { domain: '', namespace: 'test' };
    const strangers = [located('west', 'a', plain), located('east', 'a', plain), located('north', 'b', { ...plain, cluster: { name: 'a' } })];
    expect(findMembers(first, [first, ...strangers]).problems).toEqual([]);
  });

  it('a reference to nobody is followed nowhere', () => {
    const lost = located('east', 'shop-2', { cluster: { name: 'gone' } });
    expect(findMembers(lost, [first, lost])).toEqual({ members: [lost], problems: [] });
  });
});

it('from wherever one starts, the same set is found: the connected part of the references', () => {
  const size = 8;
  const forest = fc.array(fc.option(fc.nat(size - 1), { nil: undefined }), { minLength: size, maxLength: size });
  fc.assert(
    fc.property(forest, (references) => {
      const all = references.map((to, index) => located('west', `tc-${index}`, to === undefined || to === index ? {} : { cluster: { name: `tc-${to}`, clusterDomain: 'west.example' } }));
      const part = references.map((_to, index) => index);
      for (let round = 0; round < size; round++) {
        for (const [index, to] of references.entries()) {
          const least = Math.min(part[index] as number, part[to ?? index] as number);
          part[index] = least;
          part[to ?? index] = least;
        }
      }
      for (const [index, start] of all.entries()) {
        const expected = all.filter((_each, other) => part[other] === part[index]);
        const found = findMembers(start, all);
        expect(found.members[0]).toBe(start);
        expect(new Set(found.members)).toEqual(new Set(expected));
        expect(found.problems).toEqual([]);
      }
    }),
    runs,
  );
});
