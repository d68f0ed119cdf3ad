/** The network of one simulated Kubernetes cluster: a namespace with addresses for its pods, and programs that run inside it. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clusterAddress, dnsAddress, guestAddress, hubAddress, podAddress, podNet, transitPrefixLength } from './addresses.ts';
import { ip, ipIn } from './programs.ts';
import { Sockets } from './sockets.ts';

const bridge = 'lab-bridge';
/** Fixed: a bridge takes the smallest address of its ports otherwise, and a change of it breaks open connections. */
const bridgeMac = '02:00:00:00:00:01';
const script = join(import.meta.dirname, 'namespace-process.sh');
/** Where etcds talk to each other. */
const peerPort = 2_380;
/** Numbers in the order in which the kernel asks: what is forbidden before what is local, which usually comes first. */
const forbidding = 5;
const local = 10;

/** Makes this namespace the hub: a bridge, its own address on it. */
export function openHub(): void {
  ip(`link add ${bridge} address ${bridgeMac} type bridge`);
  ip(`addr add ${hubAddress}/${transitPrefixLength} dev ${bridge}`);
  ip(`link set ${bridge} up`);
}

/** A program that gets a network namespace of its own. */
export interface GuestProgram {
  command: string[];
  /** Contents for /var/run/secrets/kubernetes.io/serviceaccount. */
  secrets: string;
  environment: NodeJS.ProcessEnv;
  /** File descriptor for its output. */
  output: number;
}

export interface ClusterNetworkSetting {
  name: string;
  /** Counts clusters from 1; `clusters` is how many there are. */
  number: number;
  clusters: number;
  /** For the resolver's file. */
  directory: string;
  /** Search domains, as in a pod's resolv.conf but without a namespace. */
  search: string[];
}

export class ClusterNetwork {
  readonly number: number;
  readonly resolvConf: string;
  readonly sockets: Sockets;
  readonly #setting: ClusterNetworkSetting;
  readonly #process: ChildProcess;
  readonly #links: string[] = [];
  #pods = 0;
  #guests = 0;

  private constructor(setting: ClusterNetworkSetting, process: ChildProcess, sockets: Sockets) {
    this.#setting = setting;
    this.number = setting.number;
    this.resolvConf = resolvConfOf(setting);
    this.#process = process;
    this.sockets = sockets;
  }

  /** Resolves when programs can run in it. The namespace lives as long as its process, which ends with this one. */
  static async open(setting: ClusterNetworkSetting): Promise<ClusterNetwork> {
    const resolvConf = resolvConfOf(setting);
    writeFileSync(resolvConf, resolverText(setting.number, setting.search));
    const command = [process.execPath, '--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'socket-process.ts')];
    const holder = spawn('unshare', ['--net', '--mount', 'sh', script, resolvConf, '', ...command], { stdio: ['pipe', 'inherit', 'inherit', 'ipc'] });
    const address = clusterAddress(setting.number);
    const link = await connect(holder, `to-${setting.number}`, address, setting);
    ipIn({ pid: pidOf(holder) }, `route add local ${podNet(setting.number)} dev lo`);
    ipIn({ pid: pidOf(holder) }, `rule add pref ${local} lookup local`);
    ipIn({ pid: pidOf(holder) }, 'rule del pref 0');
    ip(`route add ${podNet(setting.number)} via ${address}`);
    const network = new ClusterNetwork(setting, holder, await ready(holder));
    network.#links.push(link);
    return network;
  }

  get dnsAddress(): string {
    return dnsAddress(this.number);
  }

  /** An address for a pod, on which every port is free. */
  takeAddress(): string {
    this.#pods += 1;
    return podAddress(this.number, this.#pods - 1);
  }

  /** The words before a command that make it run inside the cluster, with the cluster's resolver. */
  get entrance(): string[] {
    return ['nsenter', '--target', String(pidOf(this.#process)), '--net', '--mount'];
  }

  takeGuestAddress(): string {
    this.#guests += 1;
    return guestAddress(this.number, this.#guests - 1);
  }

  /** Starts a program in a network namespace of its own, on an address from `takeGuestAddress`. */
  async startGuest(address: string, { command, secrets, environment, output }: GuestProgram): Promise<ChildProcess> {
    const guest = spawn('unshare', ['--net', '--mount', 'sh', script, this.resolvConf, secrets, ...command], { stdio: ['pipe', output, output], env: { ...process.env, ...environment } });
    const link = await connect(guest, `to-${address.split('.').slice(2).join('-')}`, address, this.#setting);
    this.#links.push(link);
    guest.once('exit', () => this.#links.splice(this.#links.indexOf(link), 1));
    guest.stdin?.end('\n');
    return guest;
  }

  /** Cuts the cluster off from all others and from the hub, or heals the cut. Inside the cluster everything goes on. */
  setCut(cut: boolean): void {
    for (const link of this.#links) ip(`link set ${link} ${cut ? 'down' : 'up'}`);
  }

  /** Keeps the etcd on a pod's address from its peers, open connections included, or lets it reach them again. Everything else on the address goes on. */
  cutPeers(address: string, cut: boolean): void {
    for (const way of [`to ${address} ipproto tcp dport`, `from ${address} ipproto tcp sport`]) {
      ipIn({ pid: pidOf(this.#process) }, `rule ${cut ? 'add' : 'del'} pref ${forbidding} ${way} ${peerPort} prohibit`);
    }
  }

  close(): void {
    this.#process.kill('SIGKILL');
  }
}

const resolvConfOf = ({ directory, name }: ClusterNetworkSetting): string => join(directory, `${name}.resolv.conf`);

const resolverText = (number: number, search: string[]): string => `nameserver ${dnsAddress(number)}\nsearch ${search.join(' ')}\noptions ndots:5 timeout:2\n`;

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('The program "unshare" could not start; it is part of util-linux.');
  return pid;
}

/** Puts a network card into the namespace of a process and plugs it into the bridge. Resolves with the name of the hub's end. */
async function connect(holder: ChildProcess, link: string, address: string, { number, clusters }: ClusterNetworkSetting): Promise<string> {
  const pid = pidOf(holder);
  await ownNamespace(holder);
  ip(`link add ${link} type veth peer name eth0 netns ${pid}`);
  ip(`link set ${link} master ${bridge} up`);
  ipIn({ pid }, `addr add ${address}/${transitPrefixLength} dev eth0`);
  ipIn({ pid }, 'link set eth0 up');
  const isGuest = address !== clusterAddress(number);
  for (let other = 1; other <= clusters; other++) if (isGuest || other !== number) ipIn({ pid }, `route add ${podNet(other)} via ${clusterAddress(other)}`);
  return link;
}

const lookEvery = 5;

/** `unshare` needs a moment until the process has left this namespace. */
async function ownNamespace(holder: ChildProcess): Promise<void> {
  const namespaceOf = (pid: number | 'self'): string => readlinkSync(`/proc/${pid}/ns/net`);
  while (namespaceOf(pidOf(holder)) === namespaceOf('self')) await new Promise((resolve) => setTimeout(resolve, lookEvery));
}

async function ready(holder: ChildProcess): Promise<Sockets> {
  const sockets = Sockets.of(holder);
  holder.stdin?.end('\n');
  return sockets;
}
