import { OperationError } from '../../errors.ts';
import type { PartPlan } from '../../records/plan.ts';
import type { EffectOptions, Quiet } from '../platform.ts';
import type { Stillness } from '../snapshot.ts';
import type { CdpContext } from './context.ts';
import { findOwnBackup, isOver, stateOf } from './own-backup.ts';
import { type Probed, probeDatabase } from './probe.ts';
import { unlessAway } from './unless-away.ts';

/** The database may be gone for seconds only: it is looked for more often than the control plane is asked. */
const LONGEST_PAUSE_MS = 1_000;

/**
 * Waits for the time in which the workspace's database is gone, while the control plane takes its backup: what is written
 * to external files then is not the workspace's. When that time never comes, or nobody could see it, says why.
 */
export async function awaitStill(context: CdpContext, quiet: Quiet, { signal }: EffectOptions): Promise<Stillness> {
  const { settings, clock } = context;
  let last: Probed | undefined;
  for (;;) {
    const backup = await unlessAway(context, () => findOwnBackup(context, quiet.operationId, { signal }), {
      awaitsMending: true,
    });
    if (backup && isOver(stateOf(backup))) return { unproven: neverGone(last) };
    if (backup) {
      if (!settings.databaseProbe) return { unproven: 'no databaseProbe says when the database is gone' };
      last = await probeDatabase(settings.databaseProbe);
      if (last.answer === 'gone') return {};
    }
    await clock.sleep(Math.min(settings.poll, LONGEST_PAUSE_MS), signal);
  }
}

function neverGone(last: Probed | undefined): string {
  const seen = last === undefined ? 'nobody looked at the database' : `the last look at the database: ${last.why}`;
  return `the control plane was done before files could be copied (${seen})`;
}

/**
 * Rejects unless the database is gone now, and nobody on this machine writes to these parts.
 * @throws OperationError `not-quiet`.
 */
export async function proveStill(context: CdpContext, quiet: Quiet, parts: readonly PartPlan[]): Promise<void> {
  await context.files.proveQuiet(
    quiet,
    parts.filter(({ kind }) => kind !== 'vendor'),
  );
  const probe = context.settings.databaseProbe;
  if (!probe) throw notStill('no databaseProbe says whether the database is gone');
  const { answer, why } = await probeDatabase(probe);
  if (answer !== 'gone') throw notStill(`while files were copied, ${why}`);
}

function notStill(why: string): OperationError {
  return new OperationError('not-quiet', why, {
    hint: 'The control plane starts services when it is done: smaller folders, or a snapshot of them, fit into that time.',
  });
}
