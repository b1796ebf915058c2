import { OperationError, PortError } from '../../src/errors.ts';

/** The error that an effect of this name would really fail with. */
export function faultOf(name: string, retryable: boolean): Error {
  const what = `made to fail: ${name}`;
  if (name.startsWith('mover.')) return new PortError('mover-unavailable', what, { retryable });
  if (name.startsWith('chat.')) return new PortError('chat-unavailable', what, { retryable });
  if (name.startsWith('journal.') || name.startsWith('catalog.')) {
    return new PortError(retryable ? 'catalog-unavailable' : 'disk-full', what, { retryable });
  }
  if (retryable) return new PortError('platform-unavailable', what, { retryable });
  if (name.startsWith('platform.stop')) return new OperationError('service-will-not-stop', what);
  if (name.startsWith('platform.start')) return new OperationError('service-will-not-start', what);
  if (/^platform\.(commit|revert)/.test(name)) return new OperationError('swap-failed', what);
  if (name.startsWith('platform.prove')) return new OperationError('not-quiet', what);
  return new PortError('platform-unavailable', what);
}
