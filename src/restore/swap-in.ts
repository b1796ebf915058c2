import { join } from 'node:path';
import { OperationError } from '../errors.ts';
import { announceStop, type Countdown, countDown } from '../operation/countdown.ts';
import { armBeforeStop } from '../operation/guard-time.ts';
import type { Story } from '../operation/operation.ts';
import type { DefinitionFile, Started, WorkspacePlatform } from '../workspace/platform.ts';
import type { StagedPart } from '../workspace/swaps.ts';
import type { SwapStory } from './swap-steps.ts';

/** What stands ready beside the live data. */
export interface Incoming {
  readonly staged: readonly StagedPart[];
  /** Absent when the present definition stays. */
  readonly definition: DefinitionFile | undefined;
  /** That definition is a backup's, and not what stood there before an earlier restore. */
  readonly fromBackup?: boolean;
  readonly countdown: Countdown;
}

export interface SwappedIn {
  readonly downtimeMs: number;
  readonly displaced: string[];
  readonly displacedUntil: string;
  readonly warnings: string[];
}

/**
 * The part of a restore, or an undo, that people notice: they are told, services stop, what was built beside the live data
 * is swapped in, services start. When anything of that fails, what was there before is put back first; if that fails,
 * nothing is started and a human is paged. What was displaced is kept for its grace period.
 */
export async function swapIn(
  { step, ensure, operation, folder }: Story<SwapStory>,
  platform: WorkspacePlatform,
  { staged, definition, fromBackup = false, countdown }: Incoming,
): Promise<SwappedIn> {
  const { id, settings } = operation;
  await step('announce', (context) => announceStop(context, countdown));
  await step('countdown', (context) => countDown(context, countdown));
  const running = await step('note running', () => platform.noteRunning(id, { toRestore: true }));
  // After the countdown: people may have changed it meanwhile.
  const present = await step('capture present definition', () => platform.captureDefinition(join(folder, 'present')));
  let started: Started | undefined;
  let stoppedAt: string | undefined;
  try {
    const arming = { note: running, policy: settings.policy, putBack: present };
    await step('arm guard', ({ now }) => armBeforeStop(platform, { ...arming, now }));
    const quiet = await step('stop', ({ signal }) => platform.stop(running, { signal }));
    stoppedAt = quiet.stoppedAt;
    await step('commit', () => platform.commit(id, staged, quiet));
    if (definition)
      await step('apply definition', async () => {
        await platform.proveQuiet(quiet, []); // not after the guard has acted: it has put the present one back
        await platform.applyDefinition(definition.path, { fromBackup });
      });
    started = await step('start restored', async ({ signal }) => {
      const up = await platform.start(running, { signal });
      if (await platform.isReverted(id)) throw putBackByGuard();
      return up;
    });
  } catch (error) {
    // Once all services were up on the restored data, people work on it: nobody puts that back unasked.
    const isServed = await ensure('see what serves', () => platform.isServed(id));
    if (!isServed)
      await ensure('put back', async () => {
        if (!(await platform.isReverted(id))) await platform.stop(running);
        // Before the data: once that is back, the guard takes everything for put back.
        await platform.applyDefinition(present.path);
        await platform.revert(id);
      });
    started = await ensure('start again', ({ signal }) => platform.start(running, { signal }));
    await ensure('disarm guard', () => platform.disarmGuard(id));
    if (!isServed) throw error;
  }
  await ensure('disarm guard', () => platform.disarmGuard(id));
  const readyAt = started?.readyAt ?? operation.startedAt;
  const displacedUntil = new Date(Date.parse(readyAt) + settings.policy.grace).toISOString();
  const kept = definition ? present : undefined;
  const displaced = await ensure('keep displaced', () => platform.keepDisplaced(id, displacedUntil, kept));
  return {
    downtimeMs: Math.max(0, Date.parse(readyAt) - Date.parse(stoppedAt ?? readyAt)),
    displaced: displaced ?? [],
    displacedUntil,
    warnings: displaced ? [] : ['What was displaced is kept until someone removes it.'],
  };
}

function putBackByGuard(): OperationError {
  return new OperationError('over-budget', 'The guard put the previous data back before services were started.', {
    hint: 'Services were down for the whole budget and its margin. Raise downtimeBudget, then ask again.',
  });
}
