/**
 * No secret: strings that a test planted as secrets occur in none of the given files (event log, Temporal history, logs, reports)
 * and in no request of ours, refused ones among them. Base64 is looked into, as deep as a Secret in a payload in a history goes.
 */
import { readFile } from 'node:fs/promises';
import type { Evidence } from '../evidence.ts';
import { clock, finding } from '../finding.ts';
import type { Finding } from '../finding.ts';

export interface PlantedSecrets {
  /** Never shown: findings name them by their number. */
  planted: readonly string[];
  /** Paths of files that must not hold them; the event log and the author's requests are looked into anyhow. */
  files?: readonly string[];
}

/** Shorter pieces would be found everywhere. Characters. */
const shortestPiece = 8;
/** A Secret's data are base64 in a payload that is base64 in a history. */
const deepest = 3;
const encoded = /[A-Za-z0-9+/_-]{12,}={0,2}/g;

/** Throws when a file is missing, or a planted secret is too short to be looked for. */
export async function noSecretEscapes(evidence: Evidence, events: string, secrets: PlantedSecrets | undefined): Promise<Finding> {
  const pieces = (secrets?.planted ?? []).map(piecesOf);
  const files = [events, ...(secrets?.files ?? [])];
  const broken = pieces.length === 0 ? [] : [...(await searchFiles(files, pieces)), ...searchRequests(evidence, pieces)];
  const seen = pieces.length === 0 ? [] : [`${pieces.length} planted secrets were looked for in ${files.length} files and ${evidence.requests.length} requests`];
  return finding('no secret escapes', { broken, seen, nothing: 'no planted secret was given to look for' });
}

async function searchFiles(files: readonly string[], pieces: string[][]): Promise<string[]> {
  const found = await Promise.all(files.map(async (file) => search(await textOf(file), pieces).map((number) => `planted secret ${number} stands in ${file}`)));
  return found.flat();
}

const searchRequests = ({ requests }: Evidence, pieces: string[][]): string[] =>
  requests.flatMap((request) => search(`${request.uri}\n${JSON.stringify(request.body ?? null)}`, pieces)
    .map((number) => `planted secret ${number} stands in the author's request of ${clock(request.asked)} (${request.verb} ${request.resource} ${request.name} in ${request.kubernetesCluster})`));

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Error(`The file ${file} cannot be searched for secrets (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}). Give the path of a file that exists.`, { cause: error });
  }
}

/** Line by line, as a text with several lines is written in many ways; the frame of a PEM text is no secret. */
function piecesOf(secret: string, index: number): string[] {
  const pieces = secret.split(/\r?\n/).filter((line) => line.length >= shortestPiece && !line.startsWith('-----'));
  if (pieces.length === 0) throw new Error(`Planted secret ${index + 1} has no line of at least ${shortestPiece} characters, so it cannot be told from other text. Plant a longer one.`);
  return pieces;
}

/** The numbers of the secrets of which a piece occurs. */
function search(text: string, pieces: string[][]): number[] {
  const layers = decodedLayers(text);
  return pieces.flatMap((ofOne, index) => (ofOne.some((piece) => layers.some((layer) => occurs(piece, layer))) ? [index + 1] : []));
}

/** As it is, and as it stands in JSON, and in JSON in JSON. */
function occurs(piece: string, text: string): boolean {
  const once = JSON.stringify(piece).slice(1, -1);
  return [piece, once, JSON.stringify(once).slice(1, -1)].some((form) => text.includes(form));
}

function decodedLayers(text: string): string[] {
  const layers = [text];
  for (let depth = 0; depth < deepest; depth += 1) {
    const inner = (layers.at(-1) ?? '').match(encoded)?.map((run) => Buffer.from(run, 'base64').toString('utf8')) ?? [];
    if (inner.length === 0) break;
    layers.push(inner.join('\n'));
  }
  return layers;
}
