/** What the activities of one worker do at a pace of all together, so that thousands of waits cost no more than it can carry. */
import { SharedPace } from './shared-pace.ts';

export interface Paces {
  /** Heartbeats to Temporal. */
  beats: SharedPace;
  /** Looks of waits that nothing has woken. */
  patientLooks: SharedPace;
  /** Looks of waits to whose proof little is missing. */
  eagerLooks: SharedPace;
  /** Of everything that a watch would have shown: in case that one was silent. */
  rereads: SharedPace;
  /** Looks of waits that a watch has woken: when thousands are woken in one moment, each comes in its turn. */
  wokenLooks: SharedPace;
}

/** A beat costs Temporal's server a write. How slow it may become is a matter of each activity's heartbeat time-out (`pulse.ts`). */
const beats = { perSecond: 100, slowestMs: 60_000 };
/** Beyond so many activities the common pace of beats is slower than one with the usual heartbeat time-out of 10 s can go. */
const MANY = 480;
/** A look asks PD about ten things: some 5 ms of a processor. What PD alone knows is seen within a minute by 1 500 waits, and within two by more. */
const patientLooks = { perSecond: 25, slowestMs: 2 * 60_000 };
const eagerLooks = { perSecond: 50, slowestMs: 10_000 };
/** A whole look at one TidbCluster is six reads of its API server. */
const rereads = { perSecond: 10, slowestMs: 5 * 60_000 };
/** What follows such a look (a last look, the next step's look and patch) makes it some 40 ms of a processor in all: more at a time would wait here anyway, and run into time-outs. */
const wokenLooks = { perSecond: 25, slowestMs: 5 * 60_000 };

/** Whether a wait that begins now is to be given more time between its beats. */
export const isCrowded = ({ beats: { sharers } }: Paces): boolean => sharers > MANY;

export function newPaces(): Paces {
  return { beats: new SharedPace(beats), patientLooks: new SharedPace(patientLooks), eagerLooks: new SharedPace(eagerLooks), rereads: new SharedPace(rereads), wokenLooks: new SharedPace(wokenLooks) };
}
