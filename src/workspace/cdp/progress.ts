import { isAppError } from '../../errors.ts';
import type { Progress } from '../../records/operation.ts';
import type { DescribedBackup } from './client/wire.ts';
import type { CdpContext } from './context.ts';
import { stateOf } from './own-backup.ts';

/** A line of a log is cut to this, in characters. */
const LONGEST = 160;

/**
 * Tells people what the control plane says of its backup: its own word, and the last line that the work left in the event
 * log. Nothing of the backup stands on this, so that what cannot be asked is left out.
 */
export function createProgress(
  context: CdpContext,
  backupCrn: string,
  onProgress: ((progress: Progress) => void) | undefined,
) {
  let isMute = onProgress === undefined;
  return async (backup: DescribedBackup | undefined, signal: AbortSignal | undefined): Promise<void> => {
    if (onProgress === undefined) return;
    const word = backup ? stateOf(backup).raw || 'no word for it' : 'no answer at the moment';
    let line: string | undefined;
    try {
      if (!isMute) line = await lastLine(context, backupCrn, signal);
    } catch (cause) {
      if (!isAppError(cause)) throw cause;
      isMute = true;
      context.log.info({ backupCrn, why: cause.message }, 'the control plane shows no events of a backup');
    }
    onProgress({ note: `the control plane says: ${word}${line === undefined ? '' : `, ${line}`}` });
  };
}

/** Of the newest event that has left any. */
async function lastLine(
  { controlPlane }: CdpContext,
  backupCrn: string,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const events = await controlPlane.getAuditEvents(backupCrn, { signal });
  const newest = events
    .filter(({ requestID }) => requestID !== undefined)
    .sort((one, other) => ((one.createdDate ?? '') < (other.createdDate ?? '') ? 1 : -1))[0];
  if (newest?.requestID === undefined) return undefined;
  const lines = await controlPlane.getLogs(newest.requestID, { signal });
  return lines.at(-1)?.log?.trim().slice(0, LONGEST) || undefined;
}
