import fc from 'fast-check';
import { SharedRead } from '../../../src/activities/observing/shared-read.ts';
import { until } from '../../kubernetes/until.ts';
import { runs } from '../../tidb/runs.ts';

/** A read whose requests are answered by hand; each answer is the moment at which its request began. */
class Server {
  moment = 0;
  readonly requests: { began: number; answer: () => void; fail: (reason: Error) => void }[] = [];

  readonly read = (): Promise<number> => {
    this.moment += 1;
    const began = this.moment;
    return new Promise((resolve, reject) => this.requests.push({ began, answer: () => resolve(began), fail: reject }));
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a shared read', () => {
  it('reads at once when nobody else does', async () => {
    const server = new Server();
    const asked = new SharedRead(server.read).ask();
    server.requests[0]?.answer();
    await expect(asked).resolves.toBe(1);
  });

  it('gives those who come while it reads one later answer, never the one under way', async () => {
    const server = new Server();
    const shared = new SharedRead(server.read);
    const first = shared.ask();
    const later = [shared.ask(), shared.ask()];
    expect(server.requests).toHaveLength(1);
    server.requests[0]?.answer();
    await settled();
    expect(server.requests).toHaveLength(2);
    server.requests[1]?.answer();
    expect(await Promise.all([first, ...later])).toEqual([1, 2, 2]);
  });

  it('fails for those only who shared what failed', async () => {
    const server = new Server();
    const shared = new SharedRead(server.read);
    const first = shared.ask().catch((error: unknown) => (error as Error).message);
    const second = shared.ask();
    server.requests[0]?.fail(new Error('silent'));
    await settled();
    server.requests[1]?.answer();
    expect(await Promise.all([first, second])).toEqual(['silent', 2]);
  });

  it('reads again after a pause', async () => {
    const server = new Server();
    const shared = new SharedRead(server.read);
    const first = shared.ask();
    server.requests[0]?.answer();
    await first;
    await settled();
    const second = shared.ask();
    server.requests[1]?.answer();
    await expect(second).resolves.toBe(2);
  });

  it('rests after a read of many for longer than that took, and then answers all who came', async () => {
    const server = new Server();
    const shared = new SharedRead(server.read);
    const first = shared.ask();
    const many = Array.from({ length: 11 }, () => shared.ask());
    server.requests[0]?.answer();
    await first;
    await until(() => server.requests.length === 2);
    const began = performance.now();
    await until(() => performance.now() - began > 200);
    server.requests[1]?.answer();
    await Promise.all(many);
    const answered = performance.now();
    const inThePause = [shared.ask(), shared.ask()];
    await settled();
    expect(server.requests).toHaveLength(2);
    await until(() => server.requests.length === 3);
    expect(performance.now() - answered).toBeGreaterThan(750);
    server.requests[2]?.answer();
    expect(await Promise.all(inThePause)).toEqual([3, 3]);
  });

  it('rests for nobody when few ask, however long a read takes', async () => {
    const server = new Server();
    const shared = new SharedRead(server.read);
    const first = shared.ask();
    const second = shared.ask();
    const began = performance.now();
    await until(() => performance.now() - began > 200);
    server.requests[0]?.answer();
    await first;
    await settled();
    expect(server.requests).toHaveLength(2);
    server.requests[1]?.answer();
    await second;
  });

  it('never answers with what began before the question, nor reads twice at a time, in any order of questions and answers', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom('ask', 'answer', 'fail', 'settle'), { maxLength: 60 }), async (moves) => {
        const server = new Server();
        const shared = new SharedRead(server.read);
        const open = (): Server['requests'] => server.requests.filter((request) => !closed.has(request));
        const closed = new Set<Server['requests'][number]>();
        const asked: Promise<boolean>[] = [];
        const close = (how: 'answer' | 'fail'): void => {
          const [request] = open();
          if (!request) return;
          closed.add(request);
          if (how === 'answer') request.answer();
          else request.fail(new Error('silent'));
        };
        for (const move of [...moves, ...moves.flatMap(() => ['settle', 'answer'] as const)]) {
          server.moment += 1;
          const now = server.moment;
          if (move === 'ask') asked.push(shared.ask().then((began) => began > now, () => true));
          else if (move === 'settle') await settled();
          else close(move);
          expect(open().length).toBeLessThanOrEqual(1);
        }
        expect(await Promise.all(asked)).not.toContain(false);
      }),
      { ...runs, numRuns: 200 },
    );
  });
});
