import { z } from 'zod';
import { cut, madeCopy } from '../backup/backup-steps.ts';
import { countParts } from '../backup/count-parts.ts';
import { partsCopiedInCut, planBackup } from '../backup/plan-backup.ts';
import { type Captured, manifestFolder, proveCopies, recordBackup, storeManifest } from '../backup/record-backup.ts';
import { releaseBackup } from '../backup/release-backup.ts';
import { copyParts, takeCut } from '../backup/take-cut.ts';
import { takeWholeCut } from '../backup/take-whole-cut.ts';
import { doAll } from '../do-all.ts';
import { OperationError } from '../errors.ts';
import { forgetNote } from '../operation/forget-note.ts';
import type { Operation } from '../records/operation.ts';
import { backupPlan } from '../records/plan.ts';
import type { SafetyBackup } from '../restore/restore-in-place.ts';
import type { StoryPorts } from './stories.ts';

/** What the copies of a safety backup were, as the restore's journal keeps it. */
const made = z.object({ warm: madeCopy.optional(), cut });

/** It may take so many times the forecast: nobody is served better by a restore that is given up for that. */
const PATIENCE = 3;
const DAY = 86_400_000;

/**
 * Makes a backup in the middle of a restore in place, out of the same parts as THE STORY of a backup. Everything is copied
 * into one copy under its own path: a snapshot would have to be moved first, and services are down.
 */
export function createSafetyBackup(operation: Operation, ports: StoryPorts, folder: string): SafetyBackup {
  const { platform, mover, catalog } = ports;
  const { id, workspace, settings } = operation;
  const backupId = id.replace('op_', 'bkp_');
  return {
    mover,
    async plan({ signal }) {
      const policy = { ...settings.policy, downtimeBudget: Number.MAX_SAFE_INTEGER };
      const wishes = { workspace, policy, operationId: id, folder, capture: 'two-pass' as const };
      const planned = await planBackup({ platform, mover, catalog }, wishes, signal);
      if (planned.cut !== 'whole') return asJson(planned);
      // A control plane is told how long its backup may take; while nothing was measured, its forecast is the budget itself.
      const patience = Math.min(PATIENCE * planned.forecast.downtimeMs, DAY);
      const budgetMs = Math.max(settings.policy.downtimeBudget, patience);
      return asJson({ ...planned, budgetMs });
    },
    captureDefinition: () => platform.captureDefinition(manifestFolder(folder)),
    async preCopy(planned, { signal, progress: onProgress }) {
      const plan = backupPlan.parse(planned);
      const options = { key: 'safety-pre-copy', tags: [id, 'pre-copy'], signal, isFirstPass: true };
      const parts = partsCopiedInCut(plan.parts);
      if (parts.length === 0) return null;
      return asJson(await copyParts({ mover, folder, onProgress }, parts, plan.parents.cut, options));
    },
    async copy(planned, quiet, copied, { signal, progress: onProgress, now, sleep }) {
      const plan = backupPlan.parse(planned);
      const warm = copied === null ? undefined : madeCopy.parse(copied);
      const world = { platform, mover, operationId: id, folder, now, sleep, signal, onProgress };
      const taken = await (plan.cut === 'whole' ? takeWholeCut : takeCut)(plan, quiet, warm, world);
      const isLacking = partsCopiedInCut(plan.parts).length > 0 && !taken.delta;
      if (isLacking || (taken.delta?.unreadable.length ?? 0) > 0) {
        throw new OperationError(
          'copy-not-proven',
          'What stands there could not be copied whole, so nothing was written.',
          {
            hint: taken.delta?.unreadable[0] ?? 'Look at the log of the mover in the operation’s folder.',
          },
        );
      }
      const options = { mover, folder, signal, acceptUnreadable: [], startedAt: now().toISOString() };
      await countParts(plan, taken, undefined, options); // what follows writes over the original
      return { ...(taken.delta ? { copyId: taken.delta.id } : {}), made: asJson({ warm, cut: taken }) };
    },
    async record(planned, definition, copy, started, { signal, now }) {
      const plan = backupPlan.parse(planned);
      const { warm, cut: taken } = made.parse(copy.made);
      const acceptUnreadable = settings.policy.acceptUnreadable;
      const secured = await countParts(plan, taken, undefined, {
        mover,
        folder,
        signal,
        acceptUnreadable,
        startedAt: started.readyAt,
      });
      const reason = `what stood there before ${id}`;
      const captured: Captured = {
        backupId,
        operation: { ...operation, reason },
        plan,
        definition,
        warm,
        cut: taken,
        // The rest of the downtime was the restore's: no forecast may take it for this backup's.
        started: { ...started, readyAt: taken.takenAt },
        secured,
        safetyFor: id,
      };
      const stored = await storeManifest(captured, mover, folder, signal);
      await proveCopies(captured, stored.copyId, mover, folder, signal);
      return (await recordBackup(captured, stored, folder, now(), catalog)).backupId;
    },
    async release({ keepsCopies }) {
      if (!keepsCopies) return releaseBackup({ platform, mover, catalog, folder }, id, backupId);
      await doAll([() => platform.release(id), () => forgetNote(platform, id)]);
    },
  };
}

function asJson(value: unknown): z.infer<ReturnType<typeof z.json>> {
  return JSON.parse(JSON.stringify(value));
}
