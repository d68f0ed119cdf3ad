/**
 * What begins while its author reads and decides cannot be seen by it: from the first read of a step to its write 30 to 180 ms
 * were measured in the lab, three times as much is granted. Milliseconds.
 */
export const readingWindow = 500;
