import { OperationError } from '../../errors.ts';
import type { EffectOptions, RunningNote, Started } from '../platform.ts';
import { callOff } from './call-off.ts';
import type { CdpContext, CdpSight } from './context.ts';
import { lookAtWorkspace, type Seen, wordOf } from './look.ts';
import { DATABASE_SERVICE } from './names.ts';
import { clearNote } from './note.ts';
import { awaitListed, isOver, stateOf } from './own-backup.ts';
import { probeDatabase } from './probe.ts';
import { unlessAway } from './unless-away.ts';

/**
 * Starts nothing: waits until the control plane calls the workspace ready, and until its database answers, where that can be
 * seen. A backup of this operation that still runs is called off first: nobody waits for it any more.
 */
export async function awaitUp(context: CdpContext, note: RunningNote, options: EffectOptions): Promise<Started> {
  await awaitServices(context, note, options);
  const readyAt = context.clock.now().toISOString();
  const beside = await context.files.readNote();
  if (beside?.operationId === note.operationId) await context.files.start(beside, options);
  await clearNote(context, note.operationId);
  return { readyAt, services: note.services.map(({ name }) => name) };
}

export async function awaitServices(context: CdpSight, note: RunningNote, options: EffectOptions): Promise<void> {
  await endOwnBackup(context, note.operationId, options);
  if (note.services.length > 0) await awaitReady(context, options);
  if (note.services.some(({ name, ready }) => name === DATABASE_SERVICE && ready))
    await awaitDatabase(context, options);
}

/** Also one whose answer was lost: it may be about to stop services. */
async function endOwnBackup(context: CdpSight, operationId: string, { signal }: EffectOptions): Promise<void> {
  const backup = await awaitListed(context, operationId, { signal });
  if (backup && !isOver(stateOf(backup))) await callOff(context, backup.backupCrn);
}

async function awaitReady(context: CdpSight, { signal }: EffectOptions): Promise<void> {
  const { settings, clock } = context;
  for (;;) {
    const seen = await unlessAway(context, () => lookAtWorkspace(context, { signal }));
    if (seen?.isReady) return;
    if (seen && (seen.state.outcome === 'failed' || seen.state.phase === 'deprovision')) throw staysDown(context, seen);
    await clock.sleep(settings.poll, signal);
  }
}

async function awaitDatabase({ settings, clock }: CdpSight, { signal }: EffectOptions): Promise<void> {
  const probe = settings.databaseProbe;
  if (!probe) return;
  while ((await probeDatabase(probe)).answer !== 'there') await clock.sleep(settings.poll, signal);
}

function staysDown({ workspace }: CdpSight, seen: Seen): OperationError {
  const said = seen.told.failureMessage;
  return new OperationError(
    'service-will-not-start',
    `The control plane calls ${workspace} ${wordOf(seen)}${said === undefined ? '' : `: ${said.replace(/\.$/, '')}`}.`,
    { hint: 'It does not come up by itself: look at its page at the control plane, or ask the vendor.' },
  );
}
