/** Waits for a condition instead of a time. */

/** Tests share two processors with whatever else runs: long enough for a busy computer. */
export const TEST_LIMIT_MS = 30_000;
/** Under jest's own limit, so that a test that waits in vain ends with its reason and leaves no loop behind. */
const LIMIT_MS = TEST_LIMIT_MS / 2;

export async function until(condition: () => boolean, limitMs = LIMIT_MS): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${condition.toString()}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
