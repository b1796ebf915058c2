import { backupStory } from '../backup/backup-steps.ts';
import { backupWorkspace } from '../backup/backup-workspace.ts';
import { deleteBackup } from '../backup/delete-backup.ts';
import { deleteStory } from '../backup/delete-steps.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Chat } from '../chat/chat.ts';
import type { DataMover } from '../mover/mover.ts';
import type { StoryDeclaration } from '../operation/operation.ts';
import { type RunningOperation, runOperation } from '../operation/run-operation.ts';
import type { RunnerWorld } from '../operation/runner-world.ts';
import type { Operation, OperationKind } from '../records/operation.ts';
import { claimApproval } from '../restore/prepare-restore.ts';
import { restoreStory } from '../restore/restore-steps.ts';
import { restoreWorkspace } from '../restore/restore-workspace.ts';
import { verifyBackup } from '../restore/verify-backup.ts';
import { verifyStory } from '../restore/verify-steps.ts';
import type { WorkspacePlatform } from '../workspace/platform.ts';
import { backupInput, deleteInput, restoreInput, verifyInput } from './inputs.ts';

/** What a story may be handed. */
export interface StoryPorts {
  readonly platform: WorkspacePlatform;
  readonly mover: DataMover;
  readonly catalog: Catalog;
  readonly chat: Chat;
}

export const storyOf: Readonly<Record<OperationKind, StoryDeclaration>> = {
  backup: backupStory,
  restore: restoreStory,
  delete: deleteStory,
  verify: verifyStory,
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
      return runOperation(restoreStory, operation, (story) => restoreWorkspace(story, ports, input), runner);
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
  }
}
