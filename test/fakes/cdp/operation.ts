import { z } from 'zod';
import { denied, invalid, notFound, notNow } from './refused.ts';
import type { Caller } from './verify-signature.ts';
import { type Backup, findByName, isReady, type Workspace, type World } from './world.ts';

export interface Asking {
  readonly world: World;
  readonly caller: Caller;
  readonly requestId: string;
}

export type Answer = Record<string, unknown>;

export interface Operation {
  /** @throws Refused */
  run(request: unknown, asking: Asking): Promise<Answer>;
}

/** An operation with its request, whose fields are all known: a misspelt one is refused rather than passed over. */
export function operation<Schema extends z.ZodType>(
  schema: Schema,
  run: (request: z.output<Schema>, asking: Asking) => Answer | Promise<Answer>,
): Operation {
  return {
    async run(request, asking) {
      const parsed = schema.safeParse(request);
      if (!parsed.success) throw invalid(z.prettifyError(parsed.error).replaceAll('\n', ' '));
      return run(parsed.data, asking);
    },
  };
}

export const crn = z.string().regex(/^crn:/, 'is not a CRN');

/** How a workspace is named in a request: by its CRN, or by both names. */
export const named = {
  workspaceCrn: crn.optional(),
  environmentName: z.string().optional(),
  workspaceName: z.string().optional(),
};

export interface Named {
  readonly workspaceCrn?: string | undefined;
  readonly environmentName?: string | undefined;
  readonly workspaceName?: string | undefined;
}

/** @throws Refused */
export function workspaceOf(world: World, { workspaceCrn, environmentName, workspaceName }: Named): Workspace {
  if (workspaceCrn === undefined && (environmentName === undefined || workspaceName === undefined)) {
    throw invalid('Either workspaceCrn, or environmentName and workspaceName must be given');
  }
  const found = workspaceCrn
    ? world.workspaces.get(workspaceCrn)
    : findByName(world, environmentName ?? '', workspaceName ?? '');
  if (!found) throw notFound(`Workbench ${workspaceCrn ?? `${environmentName}/${workspaceName}`} does not exist`);
  return found;
}

/** @throws Refused */
export function backupOf(world: World, backupCrn: string): Backup {
  const found = world.backups.get(backupCrn);
  if (!found) throw notFound(`Backup ${backupCrn} does not exist`);
  return found;
}

/** Whole minutes, 32 bits. */
export const minutes = z.int().positive().max(2_147_483_647).optional();

/** As the page has it: a backup is offered only while the installation is complete. */
export function mustBeReady(workspace: Workspace): void {
  if (!isReady(workspace)) throw notNow(`Workbench ${workspace.name} is in state ${workspace.status}`);
}

export function audit(
  { world, caller, requestId }: Asking,
  { crn: workspaceCrn }: Workspace,
  action: string,
  backupCrn: string,
): void {
  const createdDate = world.now().toISOString();
  const event = { workspaceCrn, userCrn: caller.user, requestID: requestId, action, createdDate };
  world.events.push({ ...event, about: [workspaceCrn, backupCrn] });
  world.log(requestId, `${action} accepted`);
}

export function mustBeAllowed({ caller }: Asking, name: string): void {
  if (caller.denied.has(name)) throw denied(`${caller.user} may not call ml/${name}`);
}
