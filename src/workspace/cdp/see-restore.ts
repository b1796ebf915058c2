import { isAppError } from '../../errors.ts';
import type { CallOptions } from './client/control-plane.ts';
import { readState } from './client/state.ts';
import type { VendorWorkspace } from './client/wire.ts';
import type { CdpContext } from './context.ts';
import { isReadyState } from './look.ts';
import { restoreEvents } from './restore-events.ts';
import { ABSENT, type RestoreRecord, writeRestore } from './restore-record.ts';

/** What can be seen of a restore that was sent. */
export interface SeenRestore {
  /** There is one. */
  readonly isSeen: boolean;
  /** The workspace can be used now, as the control plane says. */
  readonly isReady: boolean;
  /** It came to an end, good or bad. */
  readonly isOver: boolean;
  readonly hasFailed: boolean;
  /** The control plane's own words. */
  readonly said: string;
  /** The CRN that the workspace has now; absent while it has none. */
  readonly crn?: string;
}

/** Looks once. A workspace that is not there for a while is being replaced. */
export async function seeRestore(
  context: CdpContext,
  record: RestoreRecord,
  options: CallOptions,
): Promise<SeenRestore> {
  const told = await findWorkspace(context, record, options);
  if (!told) {
    const wasThere = record.before.status !== ABSENT;
    const said = wasThere ? 'it is being replaced' : 'it is not there yet';
    return { isSeen: wasThere, isReady: false, isOver: false, hasFailed: false, said };
  }
  const state = readState(told.instanceStatus);
  const { outcome, raw } = state;
  const isReady = isReadyState(context.settings, state);
  const isAnother = differs(told, record);
  const hasChanged = record.hasChanged === true || isAnother || raw !== record.before.status;
  if (hasChanged && record.hasChanged !== true) await writeRestore(context, { ...record, hasChanged });
  const hasFailed = outcome === 'failed' || outcome === 'cancelled';
  // Right after it was taken, what the control plane tells is what stood there before.
  const isSettled = hasChanged || isLongAgo(context, record);
  return {
    ...{ isReady, hasFailed, isOver: isSettled && (hasFailed || isReady) },
    isSeen: hasChanged || (await hasNewEvent(context, told.crn, record, options)),
    said: [raw, told.failureMessage].filter(Boolean).join(': '),
    crn: told.crn,
  };
}

/** Under the CRN that it had or got, else under its names: one that is restored may get another CRN. */
async function findWorkspace(
  { controlPlane }: CdpContext,
  { workspaceCrn, before }: RestoreRecord,
  options: CallOptions,
): Promise<VendorWorkspace | undefined> {
  const { environment, name } = before;
  const keys = [
    ...(workspaceCrn || before.crn ? [{ workspaceCrn: workspaceCrn ?? before.crn }] : []),
    ...(environment && name ? [{ environmentName: environment, workspaceName: name }] : []),
  ];
  for (const key of keys) {
    try {
      return await controlPlane.describeWorkspace(key, options);
    } catch (error) {
      if (!isAppError(error) || error.code !== 'unknown-workspace') throw error;
    }
  }
  return undefined;
}

function differs({ crn, version, isRestored }: VendorWorkspace, { before }: RestoreRecord): boolean {
  return crn !== before.crn || version !== before.release || (isRestored === true && before.isRestored !== true);
}

async function hasNewEvent(
  context: CdpContext,
  crn: string,
  { eventsBefore }: RestoreRecord,
  options: CallOptions,
): Promise<boolean> {
  if (!eventsBefore) return false;
  const events = (await restoreEvents(context, crn, options)) ?? [];
  return events.some((event) => !eventsBefore.includes(event));
}

function isLongAgo({ clock, settings }: CdpContext, { takenAt }: RestoreRecord): boolean {
  return takenAt !== undefined && clock.now().getTime() - Date.parse(takenAt) > settings.listedWithin;
}
