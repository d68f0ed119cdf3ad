/** The latency of a product or a script between the last proof of a step and its next change, from logs written by hand. */
import { rmSync } from 'node:fs';
import { latenciesOf, ownTimeOf } from '../../lab/oracle/latency.ts';
import type { Latencies } from '../../lab/oracle/latency.ts';
import type { Author } from '../../lab/oracle/author.ts';
import { iso, person, Story } from './oracle-story.ts';

async function latencies(story: Story, author?: Author): Promise<Latencies> {
  const { directory, ...sources } = story.write();
  try {
    return await latenciesOf({ ...sources, ...(author ? { author } : {}), since: iso(0) });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const pairs = ({ list }: Latencies): [string, string, number][] => list.map(({ step, because, milliseconds }) => [step, because, milliseconds]);

it('counts from the last of settled pods, PD members and the operator\'s phase', async () => {
  expect(pairs(await latencies(new Story().roll(10, 'east', 'pd').roll(15, 'west', 'pd').roll(20, 'east', 'tidb').roll(30, 'west', 'tidb')))).toEqual([
    ['pd/east', 'PD member shop-east-pd-0 up', 1010],
    ['pd/west', 'PD member shop-west-pd-0 up', 1010],
    ['tidb/east', 'phase Normal of tidb', 6200],
  ]);
});

it('counts from the moment in which the operator could read the component again', async () => {
  const story = new Story().roll(10, 'east', 'tidb').status(14, 'east', { tidb: { phase: 'Normal', synced: false } }).status(15.4, 'east', { tidb: { phase: 'Normal', synced: true } }).roll(20, 'west', 'tidb');
  expect(pairs(await latencies(story))).toEqual([['tidb/east', 'phase Normal of tidb', 4600]]);
});

it('counts from the last store of the whole database, and from the last region that got its peers', async () => {
  const story = new Story().roll(10, 'east', 'tikv').storeNotUp(12, 14.5, 'west-0').roll(15, 'west', 'tikv');
  story.fact(16, 'region-shortage', undefined, { missing: 0, pending: 3, down: 0 }).fact(19.3, 'region-shortage', undefined, { missing: 0, pending: 0, down: 0 }).roll(20, 'south', 'tikv');
  expect(pairs(await latencies(story))).toEqual([
    ['tikv/east', 'store 20 (shop-west-tikv-0) up', 510],
    ['tikv/west', 'no region short of peers', 710],
  ]);
});

it('gives no latency to a step that was not waited for, and says so', async () => {
  const { list, tooEarly, p50 } = await latencies(new Story().roll(10, 'east', 'pd').roll(13.5, 'west', 'pd'));
  expect([list, p50]).toEqual([[], undefined]);
  expect(tooEarly).toEqual([`after pd/east the next change came at ${iso(13.5).slice(11)}, before PD member shop-east-pd-0 up (${iso(14).slice(11)})`]);
});

it('gives no latency to a step whose phase the operator has not yet called Normal', async () => {
  const { list, tooEarly } = await latencies(new Story().roll(10, 'east', 'tidb').roll(13.5, 'west', 'tidb'));
  expect(list).toEqual([]);
  expect(tooEarly[0]).toContain('before phase Normal of tidb');
});

it('sums up by nearest rank, for a script as well as for the product', async () => {
  const story = new Story();
  [10, 15, 21, 28].forEach((second) => story.roll(second, 'east', 'tidb', { ...person, body: { spec: { tidb: { version: `v8.5.${second}` } } } }));
  const { list, p50, p99 } = await latencies(story, { userAgent: 'kubectl/' });
  expect(list.map(({ milliseconds }) => milliseconds)).toEqual([1200, 2200, 3200]);
  expect([p50, p99]).toEqual([2200, 3200]);
  expect(ownTimeOf(list)).toEqual({ ownMs: 6600, othersMs: 11400 });
  expect(ownTimeOf(list, 1500)).toEqual({ ownMs: 2400, othersMs: 11400 });
  expect((await latencies(story)).list).toEqual([]);
});

it('takes settling as the end of the last step, and measures nothing after it', async () => {
  const story = new Story().roll(10, 'east', 'tidb').patch(15, 'east', { spec: { version: 'v8.5.4', tidb: { version: null }, pd: { version: 'v8.5.3' }, tikv: { version: 'v8.5.3' } } }).roll(30, 'west', 'tidb');
  expect(pairs(await latencies(story))).toEqual([['tidb/east', 'phase Normal of tidb', 1200]]);
});
