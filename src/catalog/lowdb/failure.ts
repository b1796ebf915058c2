import { isAppError, PortError } from '../../errors.ts';

const NO_ROOM = new Set(['ENOSPC', 'EDQUOT']);
/** The machine is short of something that it may have again in a moment. */
const PASSING = new Set(['EMFILE', 'ENFILE', 'EAGAIN', 'EBUSY', 'EINTR', 'ENOMEM', 'ESTALE', 'ETIMEDOUT']);

export function systemCodeOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}

/** Translates what the file system said, once; anything that it did not say is a bug and goes on as it is. */
export function catalogFailure(doing: string, cause: unknown): unknown {
  const code = systemCodeOf(cause);
  if (code === undefined || isAppError(cause)) return cause;
  if (NO_ROOM.has(code)) {
    return new PortError('disk-full', `The catalog could not ${doing}: the disk is full.`, {
      cause,
      hint: 'Make room on the file system that holds the data folder.',
    });
  }
  return new PortError('catalog-unavailable', `The catalog could not ${doing} (${code}).`, {
    cause,
    retryable: PASSING.has(code),
    hint: 'Look at the file system that holds the data folder, and at who owns its files.',
  });
}

/** Does something with the file system and rejects in our words. */
export async function translated<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw catalogFailure(doing, cause);
  }
}
