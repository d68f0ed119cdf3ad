/** Variables of start scripts, filled in without a shell. */
import { filledIn } from '../../../lab/node/start-script.ts';

const environment = { POD_NAME: 'shop-pd-0', HOSTNAME: 'shop-pd-0', PEER_SERVICE_NAME: 'shop-pd-peer', NAMESPACE: 'shop' };

test.each([
  ['a variable of the pod', '--name=${POD_NAME}', '--name=shop-pd-0'],
  ['a default that is a variable', '${MISSING:-$HOSTNAME}', 'shop-pd-0'],
  ['a default that is a text', '${MISSING:-normal}', 'normal'],
  ['a default that is not needed', '${NAMESPACE:-$HOSTNAME}', 'shop'],
  ['a variable that nobody knows stays', '${result}', '${result}'],
  ['an echo of one word', '-advertise-addr=`echo ${HOSTNAME}`.shop-pump:8250', '-advertise-addr=shop-pd-0.shop-pump:8250'],
])('%s', (_, script, expected) => {
  expect(filledIn(script, environment)).toBe(expected);
});

test("the script's own assignments are known in the lines after them", () => {
  const script = ['domain="${POD_NAME}.${PEER_SERVICE_NAME}.${NAMESPACE}.svc.east.local"', 'ARGS="--name=${domain} \\', '--advertise-peer-urls=http://${domain}:2380 \\', '"'].join('\n');
  expect(filledIn(script, environment)).toContain('--name=shop-pd-0.shop-pd-peer.shop.svc.east.local \\\n--advertise-peer-urls=http://shop-pd-0.shop-pd-peer.shop.svc.east.local:2380 \\');
});
