import { AppError, PortError } from '../errors.ts';

/** The operating system's name of an error (`ENOENT`), if it is one of its errors. */
export function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}

const MAY_PASS = new Set(['EAGAIN', 'EBUSY', 'EIO', 'EMFILE', 'ENFILE', 'ENOMEM', 'ESTALE', 'ETIMEDOUT', 'EINTR']);
const NO_ROOM = new Set(['ENOSPC', 'EDQUOT']);

/** Translates what the operating system says, once, at the port. Errors of ours, aborts and bugs go through as they are. */
export async function translated<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const code = codeOf(cause);
    if (code === undefined || !/^E[A-Z0-9]+$/.test(code) || cause instanceof AppError) throw cause;
    if (NO_ROOM.has(code)) {
      throw new PortError('disk-full', `no room left while ${doing}`, { cause, hint: 'free some space and try again' });
    }
    throw new PortError('platform-unavailable', `the machine refused while ${doing}`, {
      cause,
      retryable: MAY_PASS.has(code),
      hint: code === 'EACCES' || code === 'EPERM' ? 'the user that runs cml lacks a permission' : undefined,
    });
  }
}
