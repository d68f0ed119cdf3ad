/** A client that outlasts an outage of its API server, as a kubelet does: what cannot be sent is sent again. */
import { ApiError, KubernetesApi } from '../kubernetes-api.ts';
import type { KubernetesObject } from '../kubernetes-api.ts';

/** Milliseconds. */
const retryAfter = 200;
const serverError = 500;

export class PatientApi extends KubernetesApi {
  readonly #signal: AbortSignal;

  /** Gives up when `signal` aborts. */
  constructor(connection: ConstructorParameters<typeof KubernetesApi>[0], signal: AbortSignal) {
    super(connection);
    this.#signal = signal;
  }

  override get(path: string): Promise<KubernetesObject> {
    return this.#insist(() => super.get(path));
  }
  override create(path: string, body: object): Promise<KubernetesObject> {
    return this.#insist(() => super.create(path, body));
  }
  override patch(...request: Parameters<KubernetesApi['patch']>): Promise<KubernetesObject> {
    return this.#insist(() => super.patch(...request));
  }
  override remove(path: string, options: object = {}): Promise<KubernetesObject> {
    return this.#insist(() => super.remove(path, options));
  }

  async #insist(send: () => Promise<KubernetesObject>): Promise<KubernetesObject> {
    for (;;) {
      try {
        return await send();
      } catch (error) {
        const isAnswer = error instanceof ApiError && error.status < serverError;
        if (isAnswer || this.#signal.aborted) throw error;
        await new Promise((resolve) => setTimeout(resolve, retryAfter));
      }
    }
  }
}
