import { z } from 'zod';
import { OperationError, PortError } from '../../errors.ts';
import type { BackupPlan } from '../../records/plan.ts';
import { moment } from '../../records/time.ts';
import { readState, removeState, writeState } from '../state-file.ts';
import { readState as readWord, type VendorState } from './client/state.ts';
import type { VendorBackup } from './client/wire.ts';
import { type CdpSight, stateFiles } from './context.ts';
import { lookAtWorkspace, presentKey } from './look.ts';
import { backupNameOf } from './names.ts';
import { unlessAway } from './unless-away.ts';

/** Written before the control plane is asked, so that nobody who comes after a crash asks it again. */
const asked = z.object({
  at: moment,
  /** Of the backup that was begun; absent as long as no answer came. */
  backupCrn: z.string().optional(),
});

interface Waiting {
  readonly signal?: AbortSignal | undefined;
}

/** The control plane's backup that an operation asked for, as it is now; undefined when there is none, or none any more. */
export async function findOwnBackup(
  context: CdpSight,
  operationId: string,
  { signal }: Waiting = {},
): Promise<VendorBackup | undefined> {
  const record = await readAsked(context, operationId);
  if (record?.backupCrn !== undefined) return describeIfThere(context, record.backupCrn, signal);
  const name = backupNameOf(operationId);
  const backups = await context.controlPlane.listWorkspaceBackups(await presentKey(context), { signal });
  return backups.find(({ backupName }) => backupName === name);
}

/** The list may be late; what was answered can be asked for at once. */
async function describeIfThere(
  context: CdpSight,
  backupCrn: string,
  signal: AbortSignal | undefined,
): Promise<VendorBackup | undefined> {
  try {
    const of = await presentKey(context);
    return await context.controlPlane.describeWorkspaceBackup(backupCrn, { of, signal });
  } catch (cause) {
    if (cause instanceof PortError && cause.code === 'unknown-backup') return undefined;
    throw cause;
  }
}

export function stateOf(backup: VendorBackup): VendorState {
  return readWord(backup.backupStatus);
}

export function isOver({ outcome }: VendorState): boolean {
  return outcome === 'finished' || outcome === 'failed' || outcome === 'cancelled';
}

/**
 * The backup of this operation, begun now unless it ever was: the control plane is asked once, whatever becomes of the
 * answer. Answers its CRN.
 */
export async function beginOwnBackup(
  context: CdpSight,
  operationId: string,
  plan: BackupPlan,
  { signal }: Waiting,
): Promise<string> {
  const known = await findOwnBackup(context, operationId, { signal });
  if (known) return known.backupCrn;
  const before = await readAsked(context, operationId);
  if (before) return before.backupCrn ?? listedAfterAll(context, operationId, { signal });
  const { told } = await lookAtWorkspace(context, { signal });
  signal?.throwIfAborted();
  const at = context.clock.now().toISOString();
  await writeAsked(context, operationId, { at });
  try {
    const order = {
      workspaceCrn: told.crn,
      backupName: backupNameOf(operationId),
      backupJobTimeoutMinutes: minutesFor(context, plan),
    };
    const { backupCrn, warnings } = await context.controlPlane.backupWorkspace(order, { signal });
    await writeAsked(context, operationId, { at, backupCrn });
    for (const said of warnings) context.log.warn({ operationId, said }, 'the control plane warns of a backup');
    return backupCrn;
  } catch (cause) {
    if (!(cause instanceof PortError)) throw cause;
    // It may have begun, or another life's question was quicker than ours: looking tells, asking again would not.
    if (cause.code === 'answer-lost' || cause.code === 'name-taken') {
      context.log.warn({ operationId, why: cause.message }, 'looking for a backup whose answer was lost');
      return listedAfterAll(context, operationId, { signal });
    }
    await forgetAsked(context, operationId); // refused: nothing was begun
    throw cause;
  }
}

function readAsked({ folder }: CdpSight, operationId: string) {
  return readState(stateFiles.asked(folder, operationId), asked);
}

function writeAsked({ folder }: CdpSight, operationId: string, record: z.infer<typeof asked>): Promise<void> {
  return writeState(stateFiles.asked(folder, operationId), record);
}

function minutesFor({ settings }: CdpSight, plan: BackupPlan): number {
  return Math.max(1, Math.ceil((settings.backupTimeout ?? plan.budgetMs) / 60_000));
}

export async function wasAsked(context: CdpSight, operationId: string): Promise<boolean> {
  return (await readAsked(context, operationId)) !== undefined;
}

export async function forgetAsked(context: CdpSight, operationId: string): Promise<void> {
  await removeState(stateFiles.asked(context.folder, operationId));
}

async function listedAfterAll(context: CdpSight, operationId: string, waiting: Waiting): Promise<string> {
  const listed = await awaitListed(context, operationId, waiting);
  if (listed) return listed.backupCrn;
  throw new OperationError(
    'step-failed',
    `The control plane was asked for the backup ${backupNameOf(operationId)} and nobody heard its answer; it lists none of that name.`,
    { hint: 'It was not asked twice. Look at its own page, then ask for a new backup.' },
  );
}

/** Looks until it is too late for a backup whose answer was lost to appear; undefined when there is none, or none any more. */
export async function awaitListed(
  context: CdpSight,
  operationId: string,
  { signal }: Waiting,
): Promise<VendorBackup | undefined> {
  const { settings, clock } = context;
  const record = await readAsked(context, operationId);
  if (!record) return undefined;
  const until = Date.parse(record.at) + settings.listedWithin;
  for (;;) {
    const isLast = record.backupCrn !== undefined || clock.now().getTime() >= until;
    const find = () => findOwnBackup(context, operationId, { signal });
    // What lost the answer may keep the control plane away for a while.
    const backup = isLast ? await find() : await unlessAway(context, find);
    if (backup || isLast) return backup;
    await clock.sleep(Math.min(settings.poll, Math.max(1, until - clock.now().getTime())), signal);
  }
}
