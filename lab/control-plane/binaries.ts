/** The three programs of a control plane, provided by the ladder. */
import { provide } from '../provision/ladder.ts';
import { tools } from '../provision/tools.ts';

/** Absolute paths. */
export interface Binaries {
  etcd: string;
  apiServer: string;
  controllerManager: string;
}

/** One after the other: a build takes all processors anyway. */
export async function provideBinaries(): Promise<Binaries> {
  const etcd = await provide(tools.etcd);
  const apiServer = await provide(tools.kubeApiServer);
  return { etcd, apiServer, controllerManager: await provide(tools.kubeControllerManager) };
}
