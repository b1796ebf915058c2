import { z } from 'zod';
import { workspaceCrn } from './names.ts';
import { type Asking, audit, backupOf, crn, minutes, operation } from './operation.ts';
import { invalid, notNow, taken } from './refused.ts';
import { beginRestore } from './stories.ts';
import { addWorkspace, type Backup, findByName, type Workspace, type World } from './world.ts';

/** A CreateWorkspace request, as far as a private cloud has use for it. */
const newWorkspace = z.looseObject({
  environmentName: z.string().min(1),
  workspaceName: z.string().min(1),
  staticSubdomain: z.string().optional(),
});

export const restoreWorkspace = operation(
  z.strictObject({
    backupCrn: crn.optional(),
    newWorkspaceParameters: newWorkspace.optional(),
    useStaticSubdomain: z.boolean().optional(),
    restoreJobTimeoutMinutes: minutes,
  }),
  async ({ backupCrn, newWorkspaceParameters, useStaticSubdomain = false, restoreJobTimeoutMinutes }, asking) => {
    const { world, requestId } = asking;
    if (backupCrn === undefined) throw invalid('backupCrn must be given');
    const backup = backupOf(world, backupCrn);
    if (backup.status !== 'backup:finished') throw notNow(`Backup ${backup.name} is in state ${backup.status}`);
    const target = await targetOf(asking, backup, newWorkspaceParameters);
    const { workspace } = target;
    audit(asking, workspace, 'restoreWorkspace', backupCrn);
    const keepsSubdomain = useStaticSubdomain && workspace.staticSubdomain !== undefined;
    const timeoutMinutes = restoreJobTimeoutMinutes;
    beginRestore(world, { ...target, backup, keepsSubdomain }, { requestId, timeoutMinutes });
    return { workspaceCrn: workspace.crn, warnings: [] };
  },
);

async function targetOf(
  { world, caller }: Asking,
  backup: Backup,
  wanted: z.infer<typeof newWorkspace> | undefined,
): Promise<{ workspace: Workspace; isNew: boolean }> {
  const environment = wanted?.environmentName ?? backup.environment;
  const name = wanted?.workspaceName ?? backup.workspaceName;
  const standing = findByName(world, environment, name);
  const isSource = environment === backup.environment && name === backup.workspaceName;
  if (standing && !isSource) throw taken(`A workbench named ${name} exists already in ${environment}`);
  if (standing) {
    mustBeIdle(world, standing);
    return { workspace: world.habits.restoresUnderNewCrn ? renamed(world, standing) : standing, isNew: false };
  }
  const { staticSubdomain } = wanted ?? {};
  const options = { name, environment, version: world.latestVersion, ...(staticSubdomain ? { staticSubdomain } : {}) };
  const workspace = await addWorkspace(world, options, caller.user);
  await workspace.services.down();
  return { workspace, isNew: true };
}

/** A workspace that a failed backup or restore left down can be restored; one on which something runs cannot. */
function mustBeIdle(world: World, workspace: Workspace): void {
  const [busy] = world.workflows.running(workspace.crn);
  if (busy) throw notNow(`Workbench ${workspace.name} is busy: a ${busy.type} is running`);
}

function renamed(world: World, workspace: Workspace): Workspace {
  world.workspaces.delete(workspace.crn);
  const fresh: Workspace = { ...workspace, crn: workspaceCrn() };
  world.workspaces.set(fresh.crn, fresh);
  return fresh;
}
