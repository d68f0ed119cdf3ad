/** Probing pods of the node twin: which names resolve from where, and what a probe says. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Names } from '../../lab/node/names.ts';
import { probeOf, runProbe } from '../../lab/node/probe.ts';
import { podStatus } from '../../lab/node/pod-status.ts';
import type { Pod, PodSpec } from '../../lab/process/kubernetes-objects.ts';

const names = new Names();
names.set({ kubernetesCluster: 'east', namespace: 'shop', pod: 'shop-pd-0' }, '127.20.0.1');
names.set({ kubernetesCluster: 'west', namespace: 'shop', pod: 'shop-pd-1' }, '127.20.0.2');
const host = (pod: string, rest = ''): string => `${pod}.shop-pd-peer.shop.svc${rest}`;

test.each([
  ['with the domain, from its own Kubernetes cluster', host('shop-pd-0', '.east.local'), 'east', '127.20.0.1'],
  ['with the domain, from another', host('shop-pd-0', '.east.local'), 'west', '127.20.0.1'],
  ['without the domain, from its own', host('shop-pd-0'), 'east', '127.20.0.1'],
  ['not without the domain, from another', host('shop-pd-0'), 'west', undefined],
  ['not with the domain of another', host('shop-pd-0', '.west.local'), 'east', undefined],
  ['not with a domain that nobody has', host('shop-pd-0', '.cluster.local'), 'east', undefined],
  ['not of a pod that is not there', host('shop-pd-7', '.east.local'), 'east', undefined],
  ['not behind the service of another component', 'shop-pd-0.shop-tikv-peer.shop.svc.east.local', 'east', undefined],
  ['not in another namespace', 'shop-pd-0.shop-pd-peer.other.svc.east.local', 'east', undefined],
  ['not of garbage', '${name}', 'east', undefined],
])('a name resolves %s', (_, name, from, address) => expect(names.resolve(name, from)).toBe(address));

test('a name is forgotten with its pod, but not with an older one of the same name', () => {
  const seat = { kubernetesCluster: 'east', namespace: 'shop', pod: 'shop-pd-3' };
  names.set(seat, '127.20.0.9');
  names.forget(seat, '127.20.0.8');
  expect(names.resolve(host('shop-pd-3'), 'east')).toBe('127.20.0.9');
  names.forget(seat, '127.20.0.9');
  expect(names.resolve(host('shop-pd-3'), 'east')).toBeUndefined();
});

const spec = (command: string[], args?: string[]): PodSpec => ({ containers: [{ name: 'probe', image: 'busybox:1.36', command, ...(args ? { args } : {}) }] });

test.each<[string, PodSpec, string[][] | undefined]>([
  ['nslookup', spec(['nslookup', 'a']), [['nslookup', 'a']]],
  ['a program with arguments of its own', spec(['nc'], ['-z', 'a', '1']), [['nc', '-z', 'a', '1']]],
  ['a chain in a shell', spec(['/bin/sh', '-c', 'nslookup a && nc -z -w 5 a 2380']), [['nslookup', 'a'], ['nc', '-z', '-w', '5', 'a', '2380']]],
  ['not a server', spec(['/usr/local/bin/tidb-discovery']), undefined],
  ['not a chain with something else in it', spec(['sh', '-c', 'nslookup a && sleep 9']), undefined],
  ['not a pod without a command', spec([]), undefined],
])('a probe is %s', (_, pod, expected) => expect(probeOf(pod)).toEqual(expected));

test('a probe ends with 0 where everything answers, and with 1 and a reason at the first thing that does not', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const resolve = (name: string): string | undefined => (name === 'here' ? '127.0.0.1' : undefined);
  expect(await runProbe([['nslookup', 'here'], ['nc', '-z', '-w', '1', 'here', String(port)]], resolve)).toEqual({ exitCode: 0, lines: ['Name:\there', 'Address: 127.0.0.1', `here (127.0.0.1:${port}) open`] });
  expect(await runProbe([['nslookup', 'there'], ['nslookup', 'here']], resolve)).toEqual({ exitCode: 1, lines: ["** server can't find there: NXDOMAIN"] });
  expect(await runProbe([['nc', '-z', 'there', '1']], resolve)).toEqual({ exitCode: 1, lines: ["nc: bad address 'there'"] });
  await new Promise((closed) => server.close(closed));
  expect(await runProbe([['nc', '-z', 'here', String(port)]], resolve)).toEqual({ exitCode: 1, lines: [`nc: here (127.0.0.1:${port}): Connection refused`] });
});

test.each([[0, 'Succeeded', 'Completed'], [1, 'Failed', 'Error']])('a pod whose probe ended with %d is %s', (exitCode, phase, reason) => {
  const pod = { metadata: { name: 'probe', uid: 'u', creationTimestamp: '' }, spec: spec(['nslookup', 'a']), status: {} } as unknown as Pod;
  expect(podStatus(pod, { is: 'ended', exitCode }, { address: '127.0.0.1', now: '2026-11-23T12:00:00Z' })).toMatchObject({
    phase, containerStatuses: [{ ready: false, restartCount: 0, state: { terminated: { exitCode, reason } } }],
  });
});
