/** How a kubelet endpoint reaches into a pod: functions that the node twin gives to it. */
import type { Duplex } from 'node:stream';

/** Opens a port of a pod; nothing when nobody listens there. */
export type Dial = (namespace: string, pod: string, port: number) => Duplex | undefined;

/** The same for one pod. */
export type DialPort = (port: number) => Duplex | undefined;

/** What a client reads when nobody listens. */
export const refusal = (port: number): string => `error forwarding port ${port}: connection refused`;

/** Everything that a container has written. */
export interface ContainerLog {
  /** Until now, without line ends. */
  lines: readonly string[];
  /** Calls back for every later line until the returned function is called. */
  subscribe(onLine: (line: string) => void): () => void;
}

/** The log of a container; nothing when the node knows no such container. */
export type ReadLog = (namespace: string, pod: string, container: string) => ContainerLog | undefined;
