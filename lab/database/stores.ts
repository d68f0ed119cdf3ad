/** PD's stores: registration, heartbeats, and the names that PD gives to their states. */
import type { Disturbances, Engine, Origin, StateName, Store } from './model.ts';

export interface StoreSpeeds {
  storeHeartbeat: number;
  storeDisconnected: number;
  storeDown: number;
}

export interface Registration {
  engine: Engine;
  origin: Origin;
  address: string;
  statusAddress: string;
  version: string;
}

const millisecondsPerSecond = 1_000;

export class Stores {
  readonly all = new Map<number, Store>();
  readonly #speeds: StoreSpeeds;

  constructor(speeds: StoreSpeeds) {
    this.#speeds = speeds;
  }

  /** What a store tells PD when it starts: a known id gets the new address, version and start time. */
  register(id: number, registration: Registration, now: number): Store {
    const known = this.all.get(id);
    const store: Store = {
      state: 'Up', offlineSince: undefined, peersAtRemoval: 0, lastHeartbeat: now,
      ...known, ...registration,
      id, startTimestamp: Math.floor(now / millisecondsPerSecond), nextHeartbeat: now, alive: true, awaySince: undefined,
    };
    this.all.set(id, store);
    return store;
  }

  stop(id: number, now: number): void {
    const store = this.all.get(id);
    if (!store) return;
    store.alive = false;
    store.awaySince ??= now;
  }

  /** A new PD leader knows nobody: every store is Disconnected until it heartbeats again. */
  forgetHeartbeats(): void {
    for (const store of this.all.values()) store.lastHeartbeat = 0;
  }

  advance(now: number, hasLeader: boolean, disturbances: Disturbances): void {
    for (const store of this.all.values()) {
      const serves = store.alive && !disturbances.storeFault(store);
      store.awaySince = serves ? undefined : (store.awaySince ?? now);
      if (!serves || now < store.nextHeartbeat || store.state === 'Tombstone') continue;
      // A heartbeat that finds no leader is lost; the store does not try again before its time.
      store.nextHeartbeat = now + this.#speeds.storeHeartbeat;
      if (hasLeader) store.lastHeartbeat = now;
    }
  }

  stateName(store: Store, now: number, disturbances: Disturbances): StateName {
    if (store.state !== 'Up') return store.state;
    if (disturbances.storeFault(store) === 'down') return 'Down';
    if (store.lastHeartbeat === 0) return 'Disconnected';
    const silence = now - store.lastHeartbeat;
    if (silence > this.#speeds.storeDown) return 'Down';
    return silence > this.#speeds.storeDisconnected ? 'Disconnected' : 'Up';
  }
}
