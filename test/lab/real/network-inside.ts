/** Runs inside a private place for `network.test.ts`: opens the networks of two clusters, tries what the lab does with them, and prints what it saw. */
import { execFile } from 'node:child_process';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { serveDns } from '../../../lab/real/dns/dns-server.ts';
import { lookUp } from '../../../lab/real/dns/look-up.ts';
import { ClusterNetwork, openHub } from '../../../lab/real/network/cluster-network.ts';

const run = promisify(execFile);
const directory = mkdtempSync(join(tmpdir(), 'tidb-runbooks-network-'));
/** Fetches a page with Node's own client and prints it, or the code of its failure. */
const fetchScript = "fetch(process.argv[1], { signal: AbortSignal.timeout(2000) }).then((answer) => answer.text(), (error) => `failed ${error.cause?.code ?? error.name}`).then(console.log)";

openHub();
const [east, west] = await Promise.all(['east', 'west'].map((name, index) => ClusterNetwork.open({ name, number: index + 1, clusters: 2, directory, search: ['svc.cluster.local', 'cluster.local'] })));
if (!east || !west) throw new Error('no networks');

async function serve(network: ClusterNetwork, text: string, address = network.takeAddress(), port = 2_379): Promise<{ address: string; close: () => void }> {
  const server = await network.sockets.tcp(address, port);
  server.on('connection', (socket) => socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\nconnection: close\r\n\r\n${text}`)));
  return { address, close: () => server.close() };
}

async function fetchFrom(network: ClusterNetwork, url: string): Promise<string> {
  const [program = '', ...words] = [...network.entrance, process.execPath, '--eval', fetchScript, url];
  return (await run(program, words)).stdout.trim();
}

const answersOf = new Map([['pd.shop.svc.cluster.local', ['10.1.1.0']], ['pd.shop.svc.west.local', ['10.2.1.0']]]);
serveDns(await east.sockets.udp(east.dnsAddress, 53), (name) => answersOf.get(name));

const inEast = await serve(east, 'east');
const inWest = await serve(west, 'west');
const seen: Record<string, string> = {
  fromTheHub: await (await fetch(`http://${inWest.address}:2379`)).text(),
  fromTheOtherCluster: await fetchFrom(east, `http://${inWest.address}:2379`),
  byNameOfTheOtherCluster: await fetchFrom(east, 'http://pd.shop.svc.west.local:2379'),
  byShortName: await fetchFrom(east, 'http://pd.shop:2379'),
  byUnknownName: await fetchFrom(east, 'http://pd.shop.svc.north.local:2379'),
  lookedUp: String(await lookUp(east.entrance, 'pd.shop.svc.west.local')),
  lookedUpInVain: String(await lookUp(east.entrance, 'pd.shop.svc.north.local')),
  takenAddress: await serve(east, 'again', inEast.address).then(() => 'taken twice', (error: Error) => error.message),
};
inEast.close();
seen['freedAddress'] = await serve(east, 'again', inEast.address).then(() => 'free', (error: Error) => error.message);

const guest = east.takeGuestAddress();
const output = openSync(join(directory, 'guest.log'), 'a');
const program = await east.startGuest(guest, { command: ['cat', '/var/run/secrets/kubernetes.io/serviceaccount/east.resolv.conf'], secrets: directory, environment: {}, output });
seen['guestEndsWith'] = String((await once(program, 'exit'))[0]);

west.setCut(true);
seen['whileCut'] = await fetchFrom(east, `http://${inWest.address}:2379`);
seen['insideTheCutCluster'] = await fetchFrom(west, `http://${inWest.address}:2379`);
west.setCut(false);
seen['afterTheCut'] = await fetchFrom(east, `http://${inWest.address}:2379`);

const member = west.takeAddress();
const [peers, clients] = [await serve(west, 'a peer', member, 2_380), await serve(west, 'a client', member)];
const fetchPeer = (network: ClusterNetwork): Promise<string> => fetchFrom(network, `http://${peers.address}:2380`);
west.cutPeers(member, true);
seen['peersWhileCut'] = `${await fetchPeer(west)}, ${await fetchPeer(east)}`;
seen['clientsMeanwhile'] = await fetchFrom(west, `http://${clients.address}:2379`);
west.cutPeers(member, false);
seen['peersAfterwards'] = `${await fetchPeer(west)}, ${await fetchPeer(east)}`;

rmSync(directory, { recursive: true });
process.stdout.write(JSON.stringify(seen), () => process.exit(0));
