/** The argument `<run>` of the commands that are about one run. */

export const runArgument = ['<run>', 'workflow id, or the name of a TiDB cluster on which one run is open'] as const;
