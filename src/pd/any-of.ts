/** Several ways to the same TiDB cluster's PD (pods of several Kubernetes clusters) as one transport. */
import { RunbookError } from '../errors.ts';
import { reasonOf } from './ask.ts';
import type { Transport, TransportAnswer } from './transport.ts';

/**
 * Tries the way that answered last, then the others in their order, until one answers with anything but 503 (a member without a leader).
 * When all fail: the 503 if there was one, else throws Unreachable with every reason. A request may so be sent to several members: send
 * only what is safe to repeat.
 */
export function anyOf(transports: readonly Transport[]): Transport {
  const name = `any of ${transports.map((each) => each.name).join(', ')}`;
  let lastGood = transports[0];
  return {
    name,
    async request(method, path, body, options): Promise<TransportAnswer> {
      const inOrder = [...transports].sort((one, other) => Number(other === lastGood) - Number(one === lastGood));
      const problems: string[] = [];
      let leaderless: TransportAnswer | undefined;
      for (const transport of inOrder) {
        try {
          const answer = await transport.request(method, path, body, options);
          if (answer.status !== 503) {
            lastGood = transport;
            return answer;
          }
          leaderless = answer;
        } catch (error) {
          options.signal?.throwIfAborted();
          problems.push(`${transport.name}: ${reasonOf(error)}`);
        }
      }
      if (leaderless) return leaderless;
      throw new RunbookError('Unreachable', problems.join('; ') || 'there is no way to it');
    },
  };
}
