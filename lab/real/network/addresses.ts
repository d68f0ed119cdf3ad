/**
 * The addresses of the private network. All clusters and the hub meet on one bridge, the transit net 10.0.0.0/16; the pods of
 * cluster n have 10.n.0.0/16 for themselves, which is routed to the cluster's own address on the bridge.
 */

const octet = 256;
/** Pods are counted from here, so that low addresses stay for the cluster's own servers. */
const firstPod = 256;
const dnsHost = 53;

export const hubAddress = '10.0.0.1';
export const transitPrefixLength = 16;

/** `number` counts clusters from 1. */
export const clusterAddress = (number: number): string => `10.0.${number}.1`;
export const podNet = (number: number): string => `10.${number}.0.0/16`;
export const dnsAddress = (number: number): string => `10.${number}.0.${dnsHost}`;

/** The address of the n-th pod (from 0) of a cluster; none is given twice. */
export const podAddress = (number: number, pod: number): string => {
  const host = firstPod + pod;
  return `10.${number}.${Math.floor(host / octet)}.${host % octet}`;
};

/** A pod with a network namespace of its own stands on the bridge itself; `guest` counts from 0. */
export const guestAddress = (number: number, guest: number): string => `10.0.${number}.${guest + 2}`;
