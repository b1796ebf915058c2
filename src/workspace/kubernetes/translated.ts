import { PortError } from '../../errors.ts';
import { ClusterRefusal } from './cluster.ts';

/** Translates what the API server refused and nobody handled, once, at the port. */
export async function translated<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof ClusterRefusal)) throw cause;
    throw new PortError('platform-unavailable', `the cluster refused while ${doing}`, {
      cause,
      retryable: cause.status >= 500 || cause.status === 429 || cause.reason === 'Conflict',
      hint:
        cause.status === 403 || cause.status === 401
          ? 'the account that cml uses lacks a permission: docs/kubernetes.md lists them'
          : undefined,
    });
  }
}
