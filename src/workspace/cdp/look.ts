import { z } from 'zod';
import { isAppError } from '../../errors.ts';
import type { ServiceState } from '../../records/plan.ts';
import { readState as readFileOf, writeState } from '../state-file.ts';
import type { CallOptions, WorkspaceKey } from './client/control-plane.ts';
import { readState, saysReady, type VendorState } from './client/state.ts';
import type { VendorWorkspace } from './client/wire.ts';
import { type CdpSight, stateFiles } from './context.ts';
import { DATABASE_SERVICE, WORKSPACE_SERVICE } from './names.ts';
import { probeDatabase } from './probe.ts';
import type { CdpSettings } from './settings.ts';

/** A workspace as the control plane tells of it now. */
export interface Seen {
  readonly told: VendorWorkspace;
  readonly state: VendorState;
  readonly isReady: boolean;
}

const moved = z.object({ from: z.string(), to: z.string() });

/** As configured; one that got another CRN when it was restored is found under that. */
export async function presentKey({ settings: { workspace }, folder }: CdpSight): Promise<WorkspaceKey> {
  if (!('crn' in workspace)) return { environmentName: workspace.environment, workspaceName: workspace.name };
  const since = await readFileOf(stateFiles.moved(folder), moved);
  return { workspaceCrn: since?.from === workspace.crn ? since.to : workspace.crn };
}

/** Written when a restore is over. A workspace that moves more than once is still found by the CRN that is configured. */
export async function noteMoved({ settings: { workspace }, folder }: CdpSight, to: string): Promise<void> {
  if ('crn' in workspace) await writeState(stateFiles.moved(folder), { from: workspace.crn, to });
}

export async function lookAtWorkspace(context: CdpSight, options: CallOptions = {}): Promise<Seen> {
  const { settings, controlPlane } = context;
  const told = await controlPlane.describeWorkspace(await presentKey(context), options);
  const state = readState(told.instanceStatus);
  return { told, state, isReady: isReadyState(settings, state) };
}

/** The names of a workspace that the control plane does not have; undefined when it has it, or only a CRN is configured. */
export async function findAbsent(
  context: CdpSight,
  options: CallOptions = {},
): Promise<{ readonly environment: string; readonly name: string } | undefined> {
  const { workspace } = context.settings;
  if ('crn' in workspace) return undefined;
  try {
    await lookAtWorkspace(context, options);
    return undefined;
  } catch (error) {
    if (isAppError(error) && error.code === 'unknown-workspace') return workspace;
    throw error;
  }
}

export function isReadyState({ readyStates }: CdpSettings, state: VendorState): boolean {
  return saysReady(state.raw) || isDoneWith(state) || readyStates.some((word) => isSame(word, state.raw));
}

/** What it says of a workspace once it has taken or restored a backup is not published. */
const isDoneWith = ({ phase, outcome }: VendorState) =>
  outcome === 'finished' && /^(backup|restore|resume)$/.test(phase);

const isSame = (one: string, other: string) => one.trim().toLowerCase() === other.trim().toLowerCase();

/** The control plane's word for it, for sentences. */
export function wordOf({ state }: Seen): string {
  return state.raw === '' ? 'in a state without a name' : `"${state.raw}"`;
}

/** Why no backup may begin; undefined when one may. The vendor's own page offers it in the same states only. */
export function obstacleOf(seen: Seen): string | undefined {
  if (seen.isReady) return undefined;
  return `the control plane calls it ${wordOf(seen)}, and backs up only what is ready (installation:finished)`;
}

export async function servicesOf(context: CdpSight, seen: Seen): Promise<ServiceState[]> {
  const workspace = { name: WORKSPACE_SERVICE, running: seen.isReady, ready: seen.isReady };
  const probe = context.settings.databaseProbe;
  if (!probe) return [workspace];
  const isThere = (await probeDatabase(probe)).answer === 'there';
  return [workspace, { name: DATABASE_SERVICE, running: isThere, ready: isThere }];
}
