import { isAppError, OperationError } from '../../errors.ts';
import type { Progress } from '../../records/operation.ts';
import type { KeptBackup } from '../../records/part.ts';
import { writeDuration } from '../../records/time.ts';
import { callOff } from './call-off.ts';
import type { DescribedBackup } from './client/wire.ts';
import type { CdpContext } from './context.ts';
import { lookAtWorkspace, presentKey } from './look.ts';
import { stateOf } from './own-backup.ts';
import { createProgress } from './progress.ts';
import { unlessAway } from './unless-away.ts';

interface Following {
  readonly backupCrn: string;
  /** Then it is called off. */
  readonly until: Date;
  readonly budgetMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/**
 * Follows a backup of the control plane to its end. It is looked at before the time is: what came to a good end while we
 * were away is a backup. A control plane that cannot be reached for a while changes nothing about that.
 */
export async function followBackup(context: CdpContext, following: Following): Promise<KeptBackup> {
  const { settings, controlPlane, clock } = context;
  const { backupCrn, until, budgetMs, signal } = following;
  const tell = createProgress(context, backupCrn, following.onProgress);
  try {
    for (;;) {
      signal?.throwIfAborted();
      const look = async () =>
        controlPlane.describeWorkspaceBackup(backupCrn, { of: await presentKey(context), signal });
      const backup = await unlessAway(context, look, { awaitsMending: true });
      const outcome = backup && stateOf(backup).outcome;
      if (backup && outcome === 'finished') return keptOf(backup);
      if (backup && (outcome === 'failed' || outcome === 'cancelled')) throw await notFinished(context, backup);
      if (clock.now() >= until) throw overBudget(budgetMs);
      await tell(backup, signal);
      await clock.sleep(Math.min(settings.poll, Math.max(1, until.getTime() - clock.now().getTime())), signal);
    }
  } catch (cause) {
    if (signal?.aborted || isOverBudget(cause)) await callOff(context, backupCrn);
    throw cause;
  }
}

export function keptOf(backup: DescribedBackup): KeptBackup {
  const { backupCrn: crn, backupName: name = '', createdAt, workspaceVersionAtBackup: release } = backup;
  return {
    ...{ crn, name, status: stateOf(backup).raw },
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(release === undefined ? {} : { release }),
  };
}

/** The control plane gives no reason with a backup; what it says of the workspace is all there is. */
async function notFinished(context: CdpContext, backup: DescribedBackup): Promise<OperationError> {
  const why = await reasonOf(context);
  return new OperationError(
    'step-failed',
    `The control plane says "${stateOf(backup).raw}" of its backup ${backup.backupName ?? backup.backupCrn}${why}.`,
    { hint: 'Look at its event log on the page of the workspace, then ask for a new backup.' },
  );
}

async function reasonOf(context: CdpContext): Promise<string> {
  try {
    const { told } = await lookAtWorkspace(context);
    return told.failureMessage === undefined ? '' : `: ${told.failureMessage.replace(/\.$/, '')}`;
  } catch (cause) {
    if (!isAppError(cause)) throw cause;
    return '';
  }
}

function overBudget(budgetMs: number): OperationError {
  return new OperationError('over-budget', `Services were down for the whole budget of ${writeDuration(budgetMs)}.`, {
    hint: 'The control plane was told to call its backup off. Raise downtimeBudget if backups of this workspace take longer.',
  });
}

function isOverBudget(cause: unknown): boolean {
  return cause instanceof OperationError && cause.code === 'over-budget';
}
