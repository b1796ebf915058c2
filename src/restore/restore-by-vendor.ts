import { OperationError } from '../errors.ts';
import { announceStop, countDown } from '../operation/countdown.ts';
import { armBeforeStop } from '../operation/guard-time.ts';
import type { Story } from '../operation/operation.ts';
import type { RestorePlan, VendorRestore } from '../records/plan.ts';
import type { WorkspacePolicy } from '../records/workspace.ts';
import type { RunningNote, WorkspacePlatform } from '../workspace/platform.ts';
import type { VendorBackups, VendorRestoreEnd } from '../workspace/vendor-backups.ts';
import type { ByVendorOutcome, byVendorStory } from './by-vendor-steps.ts';
import type { SafetyCopy } from './in-place-steps.ts';
import { checkRestore, claimApproval, writeInPlace } from './prepare-restore.ts';
import { countdownTo } from './restore-countdown.ts';
import type { SafetyBackup } from './restore-in-place.ts';
import type { RestoreInput, RestorePorts } from './restore-workspace.ts';

/** The guard waits for so many times the forecast: it cannot put this back, it can only call someone. */
const PATIENCE = 3;

/**
 * THE STORY of a restore that a control plane does. It overwrites the workspace and cannot be asked to put it back, so a
 * safety backup is made and recorded first; then it is told to begin, once, and while it has services down the external
 * folders are written, which it knows nothing of. It is followed to its end whatever happens here: only it can bring the
 * services up. When it fails, the folders get back what stood in them.
 */
export async function restoreByVendor(
  { step, ensure, operation, folder }: Story<typeof byVendorStory>,
  ports: RestorePorts & { readonly safety: SafetyBackup },
  input: RestoreInput,
): Promise<ByVendorOutcome> {
  const { platform, mover, catalog, chat, safety } = ports;
  const { id, settings } = operation;
  const { plan, requestId } = input;
  const world = (signal: AbortSignal) => ({ platform, mover, folder, signal });
  const live = plan.parts.map(({ name, path }) => ({ part: name, path }));
  let copied: SafetyCopy | undefined;
  let safetyBackupId: string | undefined;
  try {
    await step('claim approval', ({ now }) => claimApproval({ catalog, chat }, requestId, id, now()));
    const { crn, noSafetyBackup, makes } = vendorOf(plan);
    const isSafe = noSafetyBackup === undefined;
    const made = await step('preflight', async (context) => {
      await checkRestore(plan, id, world(context.signal));
      await checkVendor(plan, platform, context.signal);
      return isSafe ? safety.plan(context) : null;
    });
    const countdown = countdownTo(input, operation, { platform: alsoAbsent(platform), chat });
    await step('announce', (context) => announceStop(context, countdown));
    const warm = isSafe ? await step('safety pre-copy', (context) => safety.preCopy(made, context)) : null;
    await step('countdown', (context) => countDown(context, countdown));
    const running = await step('note running', ({ now }) =>
      makes ? nothingRuns(id, now()) : platform.noteRunning(id, { toRestore: true }),
    );
    let stoppedAt: string | undefined;
    let filled = { files: 0, bytes: 0 };
    let end: VendorRestoreEnd = { state: 'none', said: '' };
    let readyAt: string | undefined;
    let unproven: string | undefined;
    let isExtended = false;
    try {
      const { downtimeBudget, guardMargin } = settings.policy;
      const patience = { guardMargin, downtimeBudget: Math.max(downtimeBudget, PATIENCE * plan.forecast.downtimeMs) };
      await step('arm guard', ({ now }) => armBeforeStop(platform, { note: running, policy: patience, now }));
      if (isSafe) {
        const present = await step('capture present definition', () => safety.captureDefinition());
        const quiet = await step('stop', ({ signal }) => platform.stop(running, { signal }));
        stoppedAt = quiet.stoppedAt;
        const saved = await step('safety copy', (context) => safety.copy(made, quiet, warm, context));
        copied = saved;
        safetyBackupId = await step('record safety backup', (context) =>
          safety.record(made, present, saved, { readyAt: context.now().toISOString(), services: [] }, context),
        );
      }
      const begun = await step('begin restore', ({ signal }) =>
        backupsOf(platform).beginRestore(id, crn, { signal, makes }),
      );
      // From here on the control plane has the time that it was given. A guard that acts too early only calls people.
      await ensure('extend guard', () => platform.armGuard(running, begun.endsBy));
      isExtended = true;
      unproven = live.length > 0 ? begun.unproven : undefined;
      filled = await step('write folders', ({ signal, progress }) =>
        writeInPlace(plan.parts, live, world(signal), progress, 'write'),
      );
    } finally {
      const followed = await ensure('follow restore', ({ signal, progress }) =>
        backupsOf(platform).followRestore(id, { signal, onProgress: progress }),
      );
      end = followed ?? end;
      // It came to nothing before that time: people are not to wait for the rest of it while services are down.
      if (isExtended && end.state !== 'restored')
        await ensure('shorten guard', ({ now }) => platform.armGuard(running, soon(now(), settings.policy)));
      const before = copied?.copyId;
      if (end.state === 'failed' && before !== undefined && live.length > 0)
        await ensure('put back folders', async ({ signal, progress }) => {
          const previous = plan.parts.map(({ name, path }) => ({ name, copyId: before, pathInCopy: path }));
          await writeInPlace(previous, live, { mover: safety.mover, folder, signal }, progress, 'put-back');
        });
      readyAt = (await ensure('start', ({ signal }) => platform.start(running, { signal })))?.readyAt;
      await ensure('disarm guard', () => platform.disarmGuard(id));
    }
    if (end.state !== 'restored') throw notRestored(plan.workspace, end, safetyBackupId);
    const downtimeMs = stoppedAt && readyAt ? Math.max(0, Date.parse(readyAt) - Date.parse(stoppedAt)) : 0;
    const { backupId } = plan;
    const warnings = [...plan.warnings, ...(unproven === undefined ? [] : [approximate(unproven)])];
    const saved = safetyBackupId === undefined ? {} : { safetyBackupId };
    return { backupId, requestId, ...filled, downtimeMs, ...saved, warnings };
  } finally {
    // Nothing is overwritten before its copies are a recorded backup: those that are none are not needed.
    await ensure('release', () => safety.release({ keepsCopies: false }));
  }
}

function soon(now: Date, { guardMargin }: Pick<WorkspacePolicy, 'guardMargin'>): string {
  return new Date(now.getTime() + guardMargin).toISOString();
}

/** A workspace that does not stand yet is no trouble to who makes it. */
function alsoAbsent(platform: WorkspacePlatform): WorkspacePlatform {
  return { ...platform, inspect: (options = {}) => platform.inspect({ ...options, toRestore: 'approved' }) };
}

async function nothingRuns(operationId: string, now: Date): Promise<RunningNote> {
  return { operationId, notedAt: now.toISOString(), services: [] };
}

/** @throws OperationError `plan-changed` unless the control plane would do now what the approver saw. */
async function checkVendor(plan: RestorePlan, platform: WorkspacePlatform, signal: AbortSignal): Promise<void> {
  const { crn, name, releaseAfter, makes } = vendorOf(plan);
  const vendor = backupsOf(platform);
  const found = await vendor.find(crn, { signal });
  if (found?.state !== 'finished') {
    const says = found
      ? `says of its backup "${name}": ${found.status}`
      : `does not know its backup "${name}" any more`;
    throw new OperationError('plan-changed', `The control plane ${says}.`, {
      hint: 'It cannot be restored as it is; choose another: cml list',
    });
  }
  const foresight = await vendor.foreseeRestore({ signal });
  if (foresight.makes?.name !== makes?.name) {
    const stands = makes ? 'stands already' : 'does not stand any more';
    throw new OperationError('plan-changed', `${plan.workspace} ${stands}.`, { hint: 'Ask for the restore again.' });
  }
  if (foresight.releaseAfter === releaseAfter) return;
  throw new OperationError(
    'plan-changed',
    `${plan.workspace} would come back as release ${foresight.releaseAfter ?? 'unknown'}, not as ${releaseAfter ?? 'unknown'}.`,
    { hint: 'Nothing was changed. Ask for the restore again, so that it is approved for this release.' },
  );
}

function vendorOf({ vendor, backupId }: RestorePlan): VendorRestore {
  if (vendor) return vendor;
  throw new OperationError('plan-changed', `The control plane holds nothing of ${backupId}.`, { hint: 'Ask again.' });
}

function backupsOf({ vendor }: WorkspacePlatform): VendorBackups {
  if (vendor) return vendor;
  throw new OperationError('preflight-failed', 'There is no control plane on this platform.', {
    hint: 'Correct the platform in cml.yaml, then ask again.',
  });
}

/** For people: what they look at once more. */
function approximate(why: string): string {
  return `External folders were written while services may have been up: ${why}.`;
}

function notRestored(workspace: string, end: VendorRestoreEnd, safetyBackupId: string | undefined): OperationError {
  const said = end.said === '' ? '' : ` It says: ${end.said}`;
  const kept = safetyBackupId === undefined ? 'cml list' : `cml restore ${safetyBackupId}`;
  return new OperationError('step-failed', `The control plane did not restore ${workspace}.${said}`, {
    hint: `Look at the workspace before people go on with it. What stood there before: ${kept}`,
  });
}
