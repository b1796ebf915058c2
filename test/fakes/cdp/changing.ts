import { z } from 'zod';
import {
  type Asking,
  audit,
  backupOf,
  crn,
  minutes,
  mustBeReady,
  type Named,
  named,
  type Operation,
  operation,
  workspaceOf,
} from './operation.ts';
import { invalid, notFound, notNow, taken } from './refused.ts';
import { restoreWorkspace } from './restoring.ts';
import { beginBackup, beginDeletion, beginLifecycle } from './stories.ts';
import { backupsOf } from './summaries.ts';
import type { Workflow } from './workflows.ts';
import { addBackup } from './world.ts';

const NAME = /^[a-zA-Z0-9]([\w.-]{0,126}[a-zA-Z0-9])?$/;

/** Operations that begin something; each leaves an audit event. */
export const changing: Readonly<Record<string, Operation>> = {
  backupWorkspace: operation(
    z.strictObject({
      ...{ workspaceCrn: crn, backupName: z.string().regex(NAME), backupJobTimeoutMinutes: minutes },
      skipValidation: z.boolean().optional(),
    }),
    ({ workspaceCrn, backupName, backupJobTimeoutMinutes }, asking) => {
      const { world, requestId, caller } = asking;
      const workspace = workspaceOf(world, { workspaceCrn });
      const isTaken = backupsOf(world, workspace).some(({ name }) => name === backupName);
      if (isTaken && !world.habits.acceptsTakenNames) throw taken(`A backup named ${backupName} exists already`);
      mustBeReady(workspace);
      const backup = addBackup(world, workspace, backupName, caller.user);
      audit(asking, workspace, 'backupWorkspace', backup.crn);
      beginBackup(world, workspace, backup, { requestId, timeoutMinutes: backupJobTimeoutMinutes });
      return { backupCrn: backup.crn, vaultName: '', warnings: [] };
    },
  ),

  restoreWorkspace,

  deleteBackup: operation(
    z.strictObject({ backupCrn: crn, skipValidation: z.boolean().optional() }),
    ({ backupCrn }, asking) => {
      const { world, requestId } = asking;
      const backup = backupOf(world, backupCrn);
      const [busy] = world.workflows.running(backupCrn);
      if (busy) throw notNow(`Backup ${backup.name} is in use by a running ${busy.type}`);
      const workspace = world.workspaces.get(backup.workspaceCrn);
      if (workspace) audit(asking, workspace, 'deleteBackup', backupCrn);
      return { workflowId: beginDeletion(world, backup, { requestId }).id };
    },
  ),

  requestWorkflowCancellation: operation(
    z.strictObject({ resourceId: z.string().optional(), workflowType: z.string().optional() }),
    ({ resourceId, workflowType }, { world }) => {
      if (resourceId === undefined) throw invalid('resourceId must be given');
      // Its words are not public: any that has the type in it will do, and none stands for all.
      const fits = ({ type }: Workflow) => workflowType?.toLowerCase().includes(type) ?? true;
      const running = world.workflows.running(resourceId).filter(fits);
      if (running.length === 0) throw notFound(`No running workflow of ${resourceId}`);
      for (const workflow of running) world.workflows.cancel(workflow);
      return { workflowMetadata: running.map((workflow) => metadataOf(resourceId, workflow)) };
    },
  ),

  deleteWorkspace: operation(
    z.strictObject({ ...named, force: z.boolean(), removeStorage: z.boolean().optional() }),
    (request, asking) => lifecycle(request, asking, 'deprovision'),
  ),
  suspendWorkspace: operation(z.strictObject({ workspaceCrn: crn }), (request, asking) => {
    mustBeReady(workspaceOf(asking.world, request));
    return lifecycle(request, asking, 'suspend');
  }),
  resumeWorkspace: operation(z.strictObject({ workspaceCrn: crn }), (request, asking) =>
    lifecycle(request, asking, 'resume'),
  ),
};

function lifecycle(request: Named, asking: Asking, type: 'suspend' | 'resume' | 'deprovision') {
  const workspace = workspaceOf(asking.world, request);
  audit(asking, workspace, `${type}Workspace`, workspace.crn);
  beginLifecycle(asking.world, workspace, type, asking);
  return {};
}

function metadataOf(resourceId: string, { index, type, id, status }: Workflow) {
  return { resourceId, workflowIndex: index, workflowType: type, workflowId: id, lastKnownStatus: status };
}
