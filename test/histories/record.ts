/**
 * Records the histories that the replay test replays: `node test/histories/record.ts`. Run it by hand when a new kind of
 * history is wanted. A history that is there already shows that open runs survive a change: it is replaced only when the
 * change is meant to break it.
 */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { startDevServer } from '../temporal/dev-server.ts';
import { planHash, planning, promised, reason, untilCancelled, whileWaiting } from '../workflows/script.ts';
import type { Script } from '../workflows/script.ts';
import { Stage } from '../workflows/stage.ts';
import type { Play } from '../workflows/stage.ts';
import type { ApplyResult, StepCall, WaitResult } from '../../src/protocol/outcome.ts';
import { exitClusterRunbook } from '../../src/workflows/exit-cluster/contract.ts';
import { planExit } from '../../src/workflows/exit-cluster/plan.ts';
import { remainsOfWest } from '../tidb/exit/exiting.ts';
import { makeView } from '../tidb/make-view.ts';

/** Plays one kind of run on the stage until it has ended. */
type Recording = (stage: Stage) => Promise<Play>;

/** An exit as its real planner makes it, on a healthy cluster. */
function planningExit(): Script {
  const view = makeView({ kubernetesClusters: ['east', 'west', 'north'], replicas: { pd: 1, tikv: 2, tidb: 1 } });
  const input = exitClusterRunbook.contract().parse({ cluster: 'shop', leaving: 'west', reclaim: { data: 'claims' } });
  const plan = planExit({ ...view, remains: remainsOfWest(view) }, input);
  if ('refusals' in plan) throw new Error(plan.refusals.join('; '));
  return { makePlan: () => ({ ...plan, hash: planHash }) };
}

const leaving = { leaving: 'west', reclaim: { data: 'claims' } };

const done = { outcome: 'done', message: 'proved', proof: {} } as const;

const recordings: Record<string, Recording> = {
  'straight-run': async (stage) => {
    const play = await stage.play(planning('pd/east!', 'pd/west', 'tikv/east'), { gates: 'component', requestedBy: 'bob' });
    await play.approvePlan();
    for (const gate of ['component/pd', 'component/tikv']) {
      await play.until((status) => status.gate?.id === gate);
      await play.signal('approve', { by: 'alice', gate });
    }
    return play;
  },
  'plan-only': async (stage) => stage.play(planning('pd/east'), { mode: 'plan' }),
  'approval-rejected': async (stage) => {
    const play = await stage.play(planning('pd/east'), { gates: 'plan' });
    await play.untilPhase('awaiting-approval');
    await play.signal('approve', { by: 'alice', gate: 'plan', planHash: 'wrong' });
    await play.decide('reject', { gate: 'plan', reason: 'not today' });
    return play;
  },
  'hold-and-retry': async (stage) => {
    const play = await stage.play({
      ...planning('pd/east', 'pd/west'),
      applyStep: (_, number) => (number === 1 ? { outcome: 'held', reasons: [reason('drift', 'decision')] } : { outcome: 'applied', message: 'set' }),
      waitStep: (_, number) => (number === 1 ? { outcome: 'held', reasons: [reason('stalled')] } : number === 2 ? { outcome: 'cleared' } : done),
    });
    await play.untilCalled('awaitGuards');
    await play.decide('retry', { step: 'pd/east' });
    return play;
  },
  'skip-while-waiting': async (stage) => {
    const play = await stage.play({ ...planning('pd/east', 'pd/west'), waitStep: ({ step }) => (step.id === 'pd/east' ? untilCancelled() : done) });
    await play.untilCalled('waitStep');
    await play.decide('skip', { step: 'pd/east', reason: 'looked myself' });
    return play;
  },
  abort: async (stage) => {
    const play = await stage.play({ ...planning('pd/east', 'pd/west'), waitStep: untilCancelled });
    await play.untilCalled('waitStep');
    await play.decide('abort', { reason: 'enough' });
    return play;
  },
  cancelled: async (stage) => {
    const play = await stage.play({ ...planning('pd/east'), waitStep: untilCancelled });
    await play.untilCalled('waitStep');
    await play.handle.cancel();
    return play;
  },
  'soft-pause': async (stage) => {
    const proof = promised<WaitResult>();
    const play = await stage.play({ ...planning('pd/east', 'pd/west'), waitStep: () => whileWaiting(proof.promise) });
    await play.untilCalled('waitStep');
    await play.decide('pause');
    proof.keep(done);
    await play.untilPhase('paused');
    await play.decide('resume');
    return play;
  },
  'exit-straight': async (stage) => {
    const play = await stage.play(planningExit(), { ...leaving, gates: 'plan' }, 'exitCluster');
    await play.approvePlan();
    await play.until((status) => status.gate?.id === 'step/delete/west');
    await play.signal('approve', { by: 'alice', gate: 'step/delete/west' });
    return play;
  },
  'exit-aborted': async (stage) => {
    const play = await stage.play({ ...planningExit(), waitStep: ({ step }) => (step.id === 'tikv/west' ? untilCancelled() : done) }, leaving, 'exitCluster');
    await play.until((status) => status.steps.some(({ id, state }) => id === 'tikv/west' && state === 'waiting'));
    await play.decide('abort', { reason: 'it does not drain' });
    return play;
  },
  'hard-pause': async (stage) => {
    const play = await stage.play({ ...planning('pd/east'), waitStep: (_, number) => (number === 1 ? untilCancelled() : done) });
    await play.untilCalled('waitStep');
    await play.decide('pause', { hard: true });
    await play.untilPhase('paused');
    await play.decide('resume');
    return play;
  },
};

/** Each gate when it is reached. */
async function approveInTurn(play: Play, gates: string[]): Promise<void> {
  for (const gate of gates) {
    await play.until((status) => status.gate?.id === gate);
    await play.signal('approve', { by: 'alice', gate });
  }
}

/** Of the other runbooks: the same conductor, another contract. */
const others: Record<string, Recording> = {
  restart: async (stage) => stage.play(planning('pd/east!', 'tikv/east', 'verify/all'), { components: ['pd', 'tikv'], mark: 'CHG-17' }, 'restartCluster'),
  'migration-held-at-a-peer-url': async (stage) => {
    const script = planning('probe/east', 'across/east', 'peer-url/shop-east-pd-1', 'peer-url/shop-east-pd-0', 'verify/all');
    const waits = ({ step }: { step: { id: string } }, number: number): WaitResult => (step.id === 'peer-url/shop-east-pd-1' && number === 3 ? { outcome: 'held', reasons: [reason('pd-member/shop-east-pd-1')] } : done);
    const play = await stage.play({ ...script, waitStep: waits }, { clusterDomain: 'east.example', acceptRisk: true, backupWaiver: 'a test', gates: 'component' }, 'migrateCluster');
    await play.approvePlan();
    await approveInTurn(play, ['probe', 'across', 'peer-url', 'verify'].map((component) => `component/${component}`));
    return play;
  },
};

/** A step gives way once, and its turn comes behind the last of its kind. */
const postponing: Record<string, Recording> = {
  postponed: async (stage) => {
    const script = planning('peer-url/shop-east-pd-1', 'peer-url/shop-east-pd-0', 'peer-url/shop-east-pd-2', 'verify/all');
    const gives = ({ mayBePostponed, step }: StepCall): boolean => mayBePostponed === true && step.id === 'peer-url/shop-east-pd-1';
    const applies = (call: StepCall): ApplyResult => (gives(call) ? { outcome: 'postponed', message: `${call.step.title} comes later: it leads now` } : { outcome: 'applied', message: 'written' });
    const play = await stage.play({ ...script, applyStep: applies }, { clusterDomain: 'east.example', acceptRisk: true, backupWaiver: 'a test', gates: 'step' }, 'migrateCluster');
    await play.approvePlan();
    await approveInTurn(play, ['peer-url/shop-east-pd-1', 'peer-url/shop-east-pd-0', 'peer-url/shop-east-pd-2', 'verify/all'].map((step) => `step/${step}`));
    return play;
  },
};

/** Played where a history is called long after a few steps; each run of the chain is a history. */
const continued: Record<string, Recording> = {
  'continue-as-new': async (stage) => {
    const play = await stage.play(planning('pd/east', 'pd/west', 'tikv/east', 'tikv/west'), { gates: 'plan' });
    await play.approvePlan();
    return play;
  },
};

const suggestAtEvents = 25;

await recordAll({ ...recordings, ...others, ...postponing }, []);
await recordAll(continued, [`limit.historyCount.suggestContinueAsNew=${suggestAtEvents}`]);

async function recordAll(kinds: Record<string, Recording>, settings: string[]): Promise<void> {
  const stage = await Stage.open(startDevServer({ settings }));
  try {
    for (const [name, recording] of Object.entries(kinds)) await record(stage, name, await recording(stage));
  } finally {
    await stage.close();
  }
}

async function record(stage: Stage, name: string, play: Play): Promise<void> {
  await play.handle.result();
  const runs = [];
  for await (const run of stage.env.client.workflow.list({ query: `WorkflowId = '${play.handle.workflowId}'` })) runs.push(run);
  runs.sort((one, other) => one.startTime.getTime() - other.startTime.getTime());
  for (const [index, { runId, workflowId }] of runs.entries()) {
    const history = await stage.env.client.workflow.getHandle(workflowId, runId).fetchHistory();
    await save(runs.length === 1 ? name : `${name}-${index + 1}`, historyToJSON(history));
  }
}

async function save(name: string, json: string): Promise<void> {
  for (const secret of [hostname(), process.cwd()]) if (json.includes(secret)) throw new Error(`The history ${name} names this computer: it contains ${secret}.`);
  const file = fileURLToPath(new URL(`${name}.json`, import.meta.url));
  if (existsSync(file) && !process.argv.includes('--replace')) return console.log(`kept ${name}`);
  await writeFile(file, `${json}\n`);
  console.log(`recorded ${name}`);
}
