/** The body of a watch: one JSON event per line (https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes). */
import { z } from 'zod';
import type { WatchEvent } from './api.ts';
import { HttpFailure } from './translate-errors.ts';

const eventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.enum(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK']), object: z.looseObject({ metadata: z.looseObject({ name: z.string().default('') }) }) }),
  z.object({ type: z.literal('ERROR'), object: z.looseObject({ code: z.number().default(0) }) }),
]);

/** Ends with the body. Throws HttpFailure for an ERROR event, which is how a server says that the version is too old (410) once a watch has begun. */
export async function* readEvents(body: AsyncIterable<Buffer>): AsyncGenerator<WatchEvent> {
  for await (const line of linesOf(body)) {
    const event = eventSchema.parse(JSON.parse(line));
    if (event.type === 'ERROR') throw new HttpFailure(event.object.code, JSON.stringify(event.object));
    yield { type: event.type, object: event.object };
  }
}

/** Complete lines; a rest without an end is a stream that was cut off and is dropped. */
async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines.filter(Boolean);
  }
}
