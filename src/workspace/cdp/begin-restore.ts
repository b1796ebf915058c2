import { isAppError, OperationError } from '../../errors.ts';
import { writeDuration } from '../../records/time.ts';
import type { CallOptions } from './client/control-plane.ts';
import type { CdpContext } from './context.ts';
import { findKept } from './kept-backups.ts';
import { lookAtWorkspace, type Seen } from './look.ts';
import { probeDatabase } from './probe.ts';
import { restoreEvents } from './restore-events.ts';
import { ABSENT, endsBy, type RestoreRecord, readRestore, writeRestore } from './restore-record.ts';
import { seeRestore } from './see-restore.ts';
import type { CdpSettings } from './settings.ts';
import { unlessAway } from './unless-away.ts';

const MINUTE = 60_000;

/** Sends the restore, once for an operation, and answers when it is under way. */
export async function beginRestore(
  context: CdpContext,
  operationId: string,
  crn: string,
  options: BeginOptions,
): Promise<{ endsBy: string; unproven?: string }> {
  const standing = await readRestore(context, operationId);
  const record = standing ?? (await send(context, operationId, crn, options));
  if (record.state === 'refused') throw refused(record);
  const taken = record.state === 'taken' ? record : await findTaken(context, record, options);
  const unproven = options.makes ? undefined : await awaitDown(context, taken, options);
  return { endsBy: endsBy(context, taken).toISOString(), ...(unproven === undefined ? {} : { unproven }) };
}

interface BeginOptions extends CallOptions {
  /** The workspace that does not stand yet. */
  readonly makes?: { readonly environment: string; readonly name: string } | undefined;
}

async function send(
  context: CdpContext,
  operationId: string,
  crn: string,
  options: BeginOptions,
): Promise<RestoreRecord> {
  const { controlPlane, clock, settings } = context;
  const { makes } = options;
  const before = makes ? { crn: '', status: ABSENT, ...makes } : fingerprintOf(await awaitIdle(context, options));
  await refuseGone(context, crn, options);
  const events = makes ? undefined : await restoreEvents(context, before.crn, options);
  const sent = await writeRestore(context, {
    ...{ operationId, backupCrn: crn, sentAt: clock.now().toISOString(), state: 'sent' },
    before,
    ...(events ? { eventsBefore: events } : {}),
  });
  const order = {
    backupCrn: crn,
    restoreJobTimeoutMinutes: Math.ceil(settings.restore.timeout / MINUTE),
    useStaticSubdomain: settings.restore.useStaticSubdomain,
    ...(makes ? { newWorkspaceParameters: orderOf(makes, settings) } : {}),
  };
  try {
    const { workspaceCrn } = await controlPlane.restoreWorkspace(order, options);
    return await markTaken(context, sent, workspaceCrn);
  } catch (error) {
    if (!isAppError(error)) throw error;
    if (error.code === 'answer-lost') return sent;
    await writeRestore(context, { ...sent, state: 'refused' });
    throw new OperationError('step-failed', `The control plane did not begin the restore: ${error.message}`, {
      cause: error,
      hint: error.hint,
    });
  }
}

function orderOf({ environment, name }: NonNullable<BeginOptions['makes']>, { restore }: CdpSettings) {
  return { ...restore.newWorkspace, environmentName: environment, workspaceName: name };
}

function fingerprintOf({ told, state }: Seen): RestoreRecord['before'] {
  const { crn, environmentName: environment, instanceName: name, version: release, isRestored } = told;
  return { crn, environment, name, release, isRestored, status: state.raw };
}

export function markTaken(context: CdpContext, record: RestoreRecord, workspaceCrn?: string): Promise<RestoreRecord> {
  const takenAt = context.clock.now().toISOString();
  return writeRestore(context, { ...record, state: 'taken', takenAt, ...(workspaceCrn ? { workspaceCrn } : {}) });
}

/** A workspace that is ready, or one that nothing happens to any more: also a broken one is restored. */
async function awaitIdle(context: CdpContext, options: CallOptions): Promise<Seen> {
  for (;;) {
    const seen = await lookAtWorkspace(context, options);
    const { outcome } = seen.state;
    if (seen.isReady || outcome === 'failed' || outcome === 'cancelled') return seen;
    await context.clock.sleep(context.settings.poll, options.signal);
  }
}

async function refuseGone(context: CdpContext, crn: string, options: CallOptions): Promise<void> {
  const found = await findKept(context, crn, options);
  if (found?.state === 'finished') return;
  const says = found ? `says of its backup "${found.name}": ${found.status}` : 'does not know this backup any more';
  throw new OperationError('plan-changed', `The control plane ${says}.`, {
    hint: 'Nothing was overwritten. Choose another: cml list',
  });
}

/**
 * What was sent and not answered: seen in the workspace, or in the audit trail, it was taken. Seen nowhere for so long, nobody
 * knows, and it is not sent again.
 */
async function findTaken(context: CdpContext, record: RestoreRecord, options: CallOptions): Promise<RestoreRecord> {
  const { clock, settings, workspace } = context;
  const until = clock.now().getTime() + settings.listedWithin;
  for (;;) {
    const isLast = clock.now().getTime() >= until;
    const see = () => seeRestore(context, record, options);
    // What lost the answer may keep the control plane away for a while.
    const seen = isLast ? await see() : await unlessAway(context, see);
    if (seen?.isSeen) return markTaken(context, record);
    if (isLast) break;
    await clock.sleep(settings.poll, options.signal);
  }
  throw new OperationError(
    'step-failed',
    `The control plane was told to restore ${workspace} and its answer was lost; for ${writeDuration(settings.listedWithin)} nothing of a restore was to be seen.`,
    {
      hint: "It is not told again. Look at the workspace's events in its own page before you ask for the restore again.",
    },
  );
}

function refused({ backupCrn }: RestoreRecord): OperationError {
  return new OperationError('step-failed', `The control plane refused to restore ${backupCrn}.`, {
    hint: 'Nothing was overwritten. Ask for the restore again.',
  });
}

/**
 * The control plane begins when it likes. Waited for no longer than its work is looked for after a lost answer; answers why
 * services cannot be said to be down.
 */
async function awaitDown(
  context: CdpContext,
  record: RestoreRecord,
  options: CallOptions,
): Promise<string | undefined> {
  const { clock, settings } = context;
  const until = clock.now().getTime() + settings.listedWithin;
  for (;;) {
    const { isReady, isOver } = await seeRestore(context, record, options);
    const isGone = settings.databaseProbe ? (await probeDatabase(settings.databaseProbe)).answer === 'gone' : !isReady;
    if (isGone) return undefined;
    if (isOver) return 'the control plane was done before that was seen';
    if (clock.now().getTime() >= until) return `nobody saw them stop for ${writeDuration(settings.listedWithin)}`;
    await clock.sleep(settings.poll, options.signal);
  }
}
