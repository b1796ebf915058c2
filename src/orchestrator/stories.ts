import { applyRetention } from '../backup/apply-retention.ts';
import { backupStory } from '../backup/backup-steps.ts';
import { backupWorkspace } from '../backup/backup-workspace.ts';
import { checkRepository } from '../backup/check-repository.ts';
import { deleteBackup } from '../backup/delete-backup.ts';
import { deleteStory } from '../backup/delete-steps.ts';
import { pruneRepository } from '../backup/prune-repository.ts';
import { checkStory, pruneStory } from '../backup/repository-steps.ts';
import { retentionStory } from '../backup/retention-steps.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Chat } from '../chat/chat.ts';
import type { DataMover } from '../mover/mover.ts';
import type { StoryDeclaration } from '../operation/operation.ts';
import { type RunningOperation, runOperation } from '../operation/run-operation.ts';
import type { RunnerWorld } from '../operation/runner-world.ts';
import type { Operation, OperationKind } from '../records/operation.ts';
import type { WorkspaceSettings } from '../records/workspace.ts';
import { byVendorStory } from '../restore/by-vendor-steps.ts';
import { inPlaceStory } from '../restore/in-place-steps.ts';
import { claimApproval } from '../restore/prepare-restore.ts';
import { restoreByVendor } from '../restore/restore-by-vendor.ts';
import { restoreInPlace } from '../restore/restore-in-place.ts';
import { restoreStory } from '../restore/restore-steps.ts';
import { restoreWorkspace } from '../restore/restore-workspace.ts';
import { undoRestore } from '../restore/undo-restore.ts';
import { undoStory } from '../restore/undo-steps.ts';
import { verifyBackup } from '../restore/verify-backup.ts';
import { verifyStory } from '../restore/verify-steps.ts';
import type { WorkspacePlatform } from '../workspace/platform.ts';
import { backupInput, checkInput, deleteInput, restoreInput, undoInput, verifyInput } from './inputs.ts';
import { createSafetyBackup } from './safety-backup.ts';

/** What a story may be handed. */
export interface StoryPorts {
  readonly platform: WorkspacePlatform;
  readonly mover: DataMover;
  readonly catalog: Catalog;
  readonly chat: Chat;
  /** Of another workspace's repository; it runs where the data of this operation's own workspace is. */
  moverFor(settings: WorkspaceSettings): DataMover;
}

export const storyOf: Readonly<Record<OperationKind, StoryDeclaration>> = {
  backup: backupStory,
  restore: restoreStory,
  'restore-in-place': inPlaceStory,
  'restore-by-vendor': byVendorStory,
  undo: undoStory,
  delete: deleteStory,
  verify: verifyStory,
  retention: retentionStory,
  prune: pruneStory,
  check: checkStory,
};

/**
 * Runs the story that an operation's record names.
 * @throws ZodError when the record's input does not fit this version.
 */
export function tellStory(operation: Operation, ports: StoryPorts, runner: RunnerWorld): RunningOperation {
  switch (operation.kind) {
    case 'backup': {
      const input = backupInput.parse(operation.input);
      return runOperation(backupStory, operation, (story) => backupWorkspace(story, ports, input), runner);
    }
    case 'restore': {
      const input = restoreInput.parse(operation.input);
      const handed = { ...ports, ...moverOf(input.source, ports) };
      return runOperation(restoreStory, operation, (story) => restoreWorkspace(story, handed, input), runner);
    }
    case 'restore-in-place': {
      const input = restoreInput.parse(operation.input);
      const safety = createSafetyBackup(operation, ports, runner.folder);
      const handed = { ...ports, ...moverOf(input.source, ports), safety };
      return runOperation(inPlaceStory, operation, (story) => restoreInPlace(story, handed, input), runner);
    }
    case 'restore-by-vendor': {
      const input = restoreInput.parse(operation.input);
      const safety = createSafetyBackup(operation, ports, runner.folder);
      const handed = { ...ports, ...moverOf(input.source, ports), safety };
      return runOperation(byVendorStory, operation, (story) => restoreByVendor(story, handed, input), runner);
    }
    case 'undo': {
      const input = undoInput.parse(operation.input);
      return runOperation(undoStory, operation, (story) => undoRestore(story, ports, input), runner);
    }
    case 'delete': {
      const input = deleteInput.parse(operation.input);
      const claim = (requestId: string, operationId: string, now: Date) =>
        claimApproval(ports, requestId, operationId, now);
      const handed = { ...ports, claimApproval: claim };
      return runOperation(deleteStory, operation, (story) => deleteBackup(story, handed, input), runner);
    }
    case 'verify': {
      const input = verifyInput.parse(operation.input);
      return runOperation(verifyStory, operation, (story) => verifyBackup(story, ports, input), runner);
    }
    case 'retention':
      return runOperation(retentionStory, operation, (story) => applyRetention(story, ports), runner);
    case 'prune':
      return runOperation(pruneStory, operation, (story) => pruneRepository(story, ports), runner);
    case 'check': {
      const input = checkInput.parse(operation.input);
      return runOperation(checkStory, operation, (story) => checkRepository(story, ports, input), runner);
    }
  }
}

/** Where the backup lies: the workspace's own repository, or that of the one it was taken of. */
function moverOf(source: WorkspaceSettings | undefined, ports: StoryPorts): { mover?: DataMover } {
  return source === undefined ? {} : { mover: ports.moverFor(source) };
}
