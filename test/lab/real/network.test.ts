/** The networks of simulated Kubernetes clusters, really opened in a private place: who reaches whom, by which name, and what a cut cuts. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { whyNotHere } from '../../../lab/real/enter.ts';

jest.setTimeout(120_000);

const enter = new URL('../../../lab/real/enter.ts', import.meta.url).pathname;
const inside = new URL('network-inside.ts', import.meta.url).pathname;
const whereItWorks = whyNotHere() === undefined ? test : test.skip;

whereItWorks('pods of all clusters reach each other by address and by name, short names stay local, a cut cluster is alone, and an etcd can be kept from its peers alone', async () => {
  const program = `import { runInside } from ${JSON.stringify(enter)}; process.exitCode = await runInside([process.execPath, '--disable-warning=ExperimentalWarning', ${JSON.stringify(inside)}]);`;
  const { stdout } = await promisify(execFile)('node_modules/.bin/node', ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', program]);
  expect(JSON.parse(stdout)).toEqual({
    fromTheHub: 'west',
    fromTheOtherCluster: 'west',
    byNameOfTheOtherCluster: 'west',
    byShortName: 'east',
    byUnknownName: 'failed ENOTFOUND',
    lookedUp: '10.2.1.0',
    lookedUpInVain: 'undefined',
    takenAddress: expect.stringContaining('EADDRINUSE'),
    freedAddress: 'free',
    guestEndsWith: '0',
    whileCut: expect.stringMatching(/^failed/),
    insideTheCutCluster: 'west',
    afterTheCut: 'west',
    peersWhileCut: expect.stringMatching(/^failed \S+, failed \S+$/),
    clientsMeanwhile: 'a client',
    peersAfterwards: 'a peer, a peer',
  });
});
