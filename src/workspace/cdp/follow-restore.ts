import { isAppError } from '../../errors.ts';
import type { Progress } from '../../records/operation.ts';
import { writeDuration } from '../../records/time.ts';
import type { VendorRestoreEnd } from '../vendor-backups.ts';
import { markTaken } from './begin-restore.ts';
import type { CallOptions } from './client/control-plane.ts';
import type { CdpContext } from './context.ts';
import { noteMoved } from './look.ts';
import { restoreEvents } from './restore-events.ts';
import { endsBy, LATE_MS, type RestoreRecord, readRestore } from './restore-record.ts';
import { type SeenRestore, seeRestore } from './see-restore.ts';
import { unlessAway } from './unless-away.ts';

interface FollowOptions extends CallOptions {
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Waits for the end of what `beginRestore` sent. A control plane that is away for a while has not given it up. */
export async function followRestore(
  context: CdpContext,
  operationId: string,
  options: FollowOptions,
): Promise<VendorRestoreEnd> {
  const { clock, settings } = context;
  const standing = await readRestore(context, operationId);
  if (!standing || standing.state === 'refused') return { state: 'none', said: '' };
  let record = standing;
  if (record.state === 'sent') {
    if (!(await seeRestore(context, record, options)).isSeen) return { state: 'none', said: '' };
    record = await markTaken(context, record);
  }
  const until = endsBy(context, record);
  for (;;) {
    const seen = await unlessAway(context, () => seeRestore(context, record, options), { awaitsMending: true });
    if (seen?.isOver) return end(context, record, seen);
    if (clock.now() > until) {
      const waited = writeDuration(settings.restore.timeout + LATE_MS);
      return { state: 'failed', said: `no end of it was seen within ${waited}; last: ${seen?.said ?? 'nothing'}` };
    }
    const line = seen?.crn === undefined ? undefined : await lastLine(context, seen.crn, record, options);
    options.onProgress?.({
      note: [seen?.said ?? 'the control plane does not answer', line].filter(Boolean).join('; '),
    });
    await clock.sleep(settings.poll, options.signal);
    record = (await readRestore(context, operationId)) ?? record;
  }
}

/** A workspace that is configured by its CRN is found under the new one from now on. */
async function end(context: CdpContext, { before }: RestoreRecord, seen: SeenRestore): Promise<VendorRestoreEnd> {
  const { crn, hasFailed, said } = seen;
  if (crn !== undefined && crn !== before.crn) await noteMoved(context, crn);
  return { state: hasFailed ? 'failed' : 'restored', said };
}

/** The newest line of its log, for people who watch; it is no trouble when there is none. */
async function lastLine(
  context: CdpContext,
  crn: string,
  { eventsBefore = [] }: RestoreRecord,
  options: CallOptions,
): Promise<string | undefined> {
  try {
    const event = (await restoreEvents(context, crn, options))?.find((one) => !eventsBefore.includes(one));
    return event === undefined ? undefined : (await context.controlPlane.getLogs(event, options)).at(-1)?.log;
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
}
