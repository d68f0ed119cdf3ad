/** Who paused DDL and who let it go on, in order, from the diary of the lab. */
import { readFileSync } from 'node:fs';

interface DiaryLine {
  time: string;
  kind: string;
  database?: string;
  kubernetesCluster?: string;
}

/** Such as `paused by east`. `since` is an ISO time. */
export function ddlStory(diary: string, database: string, since: string): string[] {
  return readFileSync(diary, 'utf8').split('\n').filter((line) => line.includes('"ddl-')).map((line) => JSON.parse(line) as DiaryLine)
    .filter((line) => line.database === database && line.time >= since)
    .map(({ kind, kubernetesCluster }) => `${kind === 'ddl-paused' ? 'paused' : 'resumed'} by ${kubernetesCluster}`);
}
