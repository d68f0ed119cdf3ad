/** A rung of the ladder: the publisher's own download, checked against the SHA-256 that the publisher offers. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { copyFile, mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Source } from './ladder.ts';
import { runCommand } from './run-command.ts';

/** A publisher that has not answered a HEAD request by now counts as unreachable. Milliseconds. */
const reachTimeout = 3_000;
/** A file of 100 MB over a slow line; must exceed that, and end a download that hangs. Milliseconds. */
const downloadTimeout = 15 * 60_000;

export interface Download {
  url: string;
  /** Either a file with one SHA-256, or a list of lines `<sha256>  <file name>`. Absent when the publisher offers none. */
  checksums?: string;
  /** For a tar archive: the path of the wanted file in it. Otherwise the URL is the file itself. */
  member?: string;
  file: string;
}

export const officialDownload = (download: Download): Source => ({
  description: `the official download ${download.url}`,
  install: async (into) => {
    await expectReachable(download.url);
    const aside = await mkdtemp(join(into, 'download-'));
    try {
      const fetched = join(aside, basename(new URL(download.url).pathname));
      await fetchTo(download.url, fetched);
      if (download.checksums) await verify(fetched, await fetchText(download.checksums));
      await unpack(download, fetched, into);
    } finally {
      await rm(aside, { recursive: true, force: true });
    }
  },
});

async function expectReachable(url: string): Promise<void> {
  const answer = await request(url, reachTimeout, 'HEAD');
  if (!answer.ok) throw new Error(`the publisher answered ${answer.status}`);
}

async function request(url: string, timeout: number, method = 'GET'): Promise<Response> {
  try {
    return await fetch(url, { method, signal: AbortSignal.timeout(timeout) });
  } catch (error) {
    // fetch itself only says "fetch failed"; the reason is in its cause.
    const { cause, message } = error as Error & { cause?: Error };
    throw new Error(`not reachable (${cause?.message ?? message})`, { cause: error });
  }
}

async function fetchText(url: string): Promise<string> {
  const answer = await request(url, downloadTimeout);
  if (!answer.ok) throw new Error(`the checksums at ${url} were answered with ${answer.status}`);
  return answer.text();
}

async function fetchTo(url: string, path: string): Promise<void> {
  const answer = await request(url, downloadTimeout);
  if (!answer.ok || !answer.body) throw new Error(`the download was answered with ${answer.status}`);
  await pipeline(Readable.fromWeb(answer.body), createWriteStream(path));
}

async function verify(path: string, checksums: string): Promise<void> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  const expected = checksumFor(basename(path), checksums);
  const actual = hash.digest('hex');
  if (actual !== expected) throw new Error(`${basename(path)} has SHA-256 ${actual}, but the publisher says ${expected ?? 'nothing about it'}`);
}

/** The SHA-256 for a file name in a publisher's checksum text: the line that ends with the name, or the only word there is. */
export function checksumFor(name: string, checksums: string): string | undefined {
  const lines = checksums.trim().split('\n').map((line) => line.trim().split(/\s+\*?/));
  const line = lines.find(([, of]) => of === name) ?? (lines.length === 1 && lines[0]?.length === 1 ? lines[0] : undefined);
  return line?.[0]?.toLowerCase();
}

async function unpack({ member, file }: Download, fetched: string, into: string): Promise<void> {
  if (!member) return rename(fetched, join(into, file));
  const aside = join(fetched, '..');
  await runCommand('tar', ['-xf', fetched, '-C', aside, member]);
  await copyFile(join(aside, member), join(into, file));
}
