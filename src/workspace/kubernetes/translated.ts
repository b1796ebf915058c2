import { PortError } from '../../errors.ts';
import { translated as translatedOfSystem } from '../system-error.ts';
import { ClusterRefusal } from './cluster.ts';

/** Translates what the API server, or the machine that we run on, refused and nobody handled, once, at the port. */
export function translated<T>(doing: string, work: () => Promise<T>): Promise<T> {
  return translatedOfSystem(doing, async () => {
    try {
      return await work();
    } catch (cause) {
      throw cause instanceof ClusterRefusal ? refused(doing, cause) : cause;
    }
  });
}

/** What the API server says for itself. It may end with a full stop or not. */
function sentence(text: string): string {
  return text.replace(/\.?$/, '.');
}

function refused(doing: string, cause: ClusterRefusal): PortError {
  return new PortError('platform-unavailable', `The cluster refused while ${doing}: ${sentence(cause.message)}`, {
    cause,
    retryable: cause.status >= 500 || cause.status === 429 || cause.reason === 'Conflict',
    hint:
      cause.status === 403 || cause.status === 401
        ? 'the account that cml uses lacks a permission: docs/kubernetes.md lists them'
        : undefined,
  });
}
