import { RunbookError } from '../src/errors.ts';
import { parseInventory, tidbClusterOf } from '../src/inventory.ts';

const kubernetes = `
kubernetesClusters:
  west: { kubeconfig: kube/west.yaml, context: west }
  east: { kubeconfig: /etc/kubeconfig, context: east }
  here: { inCluster: true }
`;
const initial = 'initial: { kubernetesCluster: east, namespace: shop, name: shop-east }';
const shop = (more = ''): string => `${kubernetes}\ntidbClusters:\n  shop:\n    ${initial}\n${more}`;

function problemOf(text: string): string {
  try {
    parseInventory(text, 'inventory.yaml');
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('it was accepted');
}

describe('a right inventory', () => {
  test('keeps the order of the Kubernetes clusters, which is the order of procedures', () => {
    expect(Object.keys(parseInventory(shop(), 'x').kubernetesClusters)).toEqual(['west', 'east', 'here']);
  });

  test('fills in what may be left out: all Kubernetes clusters, port-forward', () => {
    expect(tidbClusterOf(parseInventory(shop(), 'x'), 'shop')).toEqual({
      name: 'shop',
      initial: { kubernetesCluster: 'east', namespace: 'shop', name: 'shop-east' },
      kubernetesClusters: ['west', 'east', 'here'],
      pd: { access: 'port-forward' },
    });
  });

  test('puts the Kubernetes clusters of a TiDB cluster in the order of the inventory', () => {
    expect(tidbClusterOf(parseInventory(shop('    kubernetesClusters: [east, west]'), 'x'), 'shop').kubernetesClusters).toEqual(['west', 'east']);
  });

  test('takes direct access to PD, with and without URLs', () => {
    expect(tidbClusterOf(parseInventory(shop('    pd: { access: direct }'), 'x'), 'shop').pd).toEqual({ access: 'direct' });
    const urls = ['https://pd.shop.example:2379'];
    expect(tidbClusterOf(parseInventory(shop(`    pd: { access: direct, urls: ${JSON.stringify(urls)} }`), 'x'), 'shop').pd).toEqual({ access: 'direct', urls });
  });
});

describe('an unknown TiDB cluster', () => {
  test('is answered with those that there are', () => {
    const inventory = parseInventory(shop(), 'x');
    expect(() => tidbClusterOf(inventory, 'shopp')).toThrow('There is no TiDB cluster "shopp" in the inventory; it has: shop');
    expect(() => tidbClusterOf(inventory, 'shopp')).toThrow(RunbookError);
  });

  test('is also one that is a word of JavaScript', () => {
    expect(() => tidbClusterOf(parseInventory(shop(), 'x'), 'constructor')).toThrow('There is no TiDB cluster "constructor"');
  });
});

describe('a wrong inventory is refused with the place of each problem:', () => {
  const cases: [string, string, string][] = [
    ['not YAML', 'a: [1', 'The inventory inventory.yaml is not YAML: '],
    ['a key twice', 'tidbClusters: {}\ntidbClusters: {}', 'is not YAML: Map keys must be unique at line 2, column 1'],
    ['empty', '', 'the document: expected object, received null'],
    ['no Kubernetes cluster', 'kubernetesClusters: {}\ntidbClusters: {}', 'kubernetesClusters: names no Kubernetes cluster'],
    ['an unknown key', `${shop()}\nmore: 1`, 'more: no such field'],
    ['an unknown key of a cluster', shop('    nam: x'), 'tidbClusters.shop.nam: no such field'],
    ['a name that is no DNS label', shop().replace('west:', 'West_1:'), 'kubernetesClusters.West_1: a name is a DNS label'],
    ['a name that JavaScript would move to the front', shop().replace('west:', '"1":'), 'kubernetesClusters.1: a name is a DNS label'],
    ['a kubeconfig without a context', shop().replace(', context: west', ''), 'kubernetesClusters.west: needs either kubeconfig and context, or inCluster: true alone'],
    ['in the cluster and outside', shop().replace('inCluster: true', 'inCluster: true, context: x'), 'kubernetesClusters.here: needs either'],
    ['inCluster: false', shop().replace('inCluster: true', 'inCluster: false'), 'kubernetesClusters.here.inCluster: is true or absent'],
    ['no initial TidbCluster', `${kubernetes}\ntidbClusters: { shop: {} }`, 'tidbClusters.shop.initial: is missing'],
    ['a number as name', shop().replace('name: shop-east', 'name: 5'), 'tidbClusters.shop.initial.name: expected string, received number'],
    ['an unknown Kubernetes cluster', shop().replace('kubernetesCluster: east', 'kubernetesCluster: eats'), 'tidbClusters.shop.initial.kubernetesCluster: there is no Kubernetes cluster "eats"; the inventory has: west, east, here'],
    ['an unknown one in the list', shop('    kubernetesClusters: [east, wets]'), 'tidbClusters.shop.kubernetesClusters.1: there is no Kubernetes cluster "wets"'],
    ['a list without the initial one', shop('    kubernetesClusters: [west]'), 'tidbClusters.shop.kubernetesClusters: lacks "east", where the initial TidbCluster lives'],
    ['two names for one TiDB cluster', `${shop()}\n  store:\n    ${initial}`, 'tidbClusters.store.initial: is the same TidbCluster as that of shop'],
    ['an unknown way to PD', shop('    pd: { access: proxy }'), 'tidbClusters.shop.pd.access: is either "port-forward" or "direct"'],
    ['URLs without direct access', shop('    pd: { urls: ["http://a:2379"] }'), 'tidbClusters.shop.pd: urls are used only with access: direct'],
    ['a URL that is none', shop('    pd: { access: direct, urls: ["pd:2379"] }'), 'tidbClusters.shop.pd.urls.0: is not an http or https URL'],
  ];
  test.each(cases)('%s', (_name, text, problem) => {
    expect(problemOf(text)).toContain(problem);
  });

  test('names all problems at once, in one line', () => {
    const problem = problemOf(shop('    nam: x\n    pd: { access: proxy }'));
    expect(problem).toContain('nam: no such field');
    expect(problem).toContain('pd.access');
    expect(problem).not.toContain('\n');
  });
});
