/**
 * The cache of tools and prepared data: one directory per name and version under `${XDG_CACHE_HOME:-~/.cache}/tidb-runbooks`.
 *
 * A directory appears there only when it is complete (made aside, then renamed), so whoever sees it may use it. A lock
 * keeps two processes from doing the same long work twice; it only saves work, the rename is what keeps the cache right.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, stat, utimes } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** The holder of a lock touches it this often. Milliseconds. */
const lockTouch = 1_000;
/** A lock untouched for so long belonged to a process that died. Must exceed several touches on a busy computer. Milliseconds. */
const lockStale = 15_000;
/** A waiter looks again after this time. Milliseconds. */
const lockRetry = 250;

export function cacheDirectory(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tidb-runbooks');
}

/**
 * The directory `name` in the cache, made by `make` when it is missing. `make` fills the empty directory that it is given;
 * when it rejects, nothing is left behind. `onWait` is called once when another process is at it already.
 */
export async function cachedDirectory(cache: string, name: string, make: (into: string) => Promise<void>, onWait?: () => void): Promise<string> {
  const target = join(cache, name);
  if (existsSync(target)) return target;
  await mkdir(cache, { recursive: true });
  const release = await lock(`${target}.lock`, onWait);
  try {
    if (!existsSync(target)) await makeAside(target, make);
  } finally {
    await release();
  }
  return target;
}

async function makeAside(target: string, make: (into: string) => Promise<void>): Promise<void> {
  const aside = await mkdtemp(`${target}.new-`);
  try {
    await make(aside);
    await rename(aside, target).catch((error: unknown) => {
      // Another process was faster (it took our lock for dead): its result is as good as ours.
      if (!existsSync(target)) throw error;
    });
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

async function lock(path: string, onWait?: () => void): Promise<() => Promise<void>> {
  for (let waited = false; !(await take(path)); waited = true) {
    if (!waited) onWait?.();
    if (await isStale(path)) await rm(path, { recursive: true, force: true });
    else await delay(lockRetry);
  }
  const touching = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => undefined), lockTouch);
  return async () => {
    clearInterval(touching);
    await rm(path, { recursive: true, force: true });
  };
}

/** `mkdir` is the one step that only one process can win on every file system. */
const take = (path: string): Promise<boolean> =>
  mkdir(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false;
      throw error;
    },
  );

const isStale = (path: string): Promise<boolean> =>
  stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs > lockStale,
    () => false,
  );
