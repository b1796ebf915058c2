import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { type AppError, type ErrorCode, exitCodeOf, PortError, UserError } from '../errors.ts';

/** It could be done at another time, or to something else: as things stand it cannot. */
const IN_THE_WAY: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'workspace-busy',
  'not-pending',
  'request-expired',
  'backup-held',
  'backup-incomplete',
  'too-late',
  'plan-changed',
]);

/** What HTTP calls our families of errors. */
export function statusOf(error: AppError): ContentfulStatusCode {
  if (error.code === 'token-needed') return 401;
  if (error.code === 'too-often') return 429;
  if (IN_THE_WAY.has(error.code)) return 409;
  if (error instanceof PortError) return 503;
  const status = ({ 1: 500, 2: 400, 3: 403, 4: 404 } as const)[exitCodeOf(error.code)];
  // Whoever asks for what cannot be done has met no fault of ours.
  return status === 500 && error instanceof UserError ? 409 : status;
}
