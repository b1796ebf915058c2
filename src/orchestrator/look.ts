import { votesNeeded } from '../approval/rules.ts';
import { isAppError, UserError } from '../errors.ts';
import { suggest } from '../nearest.ts';
import { viewOperation } from '../operation/view.ts';
import type { Backup } from '../records/backup.ts';
import type { Operation, OperationView } from '../records/operation.ts';
import type { ServiceState } from '../records/plan.ts';
import type { Request } from '../records/request.ts';
import type { Freshness } from '../schedule/overdue.ts';
import type { Inspection } from '../workspace/inspection.ts';
import { findBackup, findOperation, findRequest } from './find.ts';
import { freshnessOf } from './freshness.ts';
import { verifyInput } from './inputs.ts';
import type { Room } from './room.ts';
import { storyOf } from './stories.ts';

/** What is on record of one workspace, and what runs. */
export interface Glance {
  readonly workspace: string;
  readonly operation?: OperationView;
  readonly lastBackup?: Backup;
  /** Whether that is younger than it may be. */
  readonly freshness: Freshness;
  readonly requests: readonly Request[];
}

/** One workspace as it stands. */
export interface WorkspaceState extends Glance {
  readonly services: readonly ServiceState[];
  /** Why nobody can look at it now; its services are then not known. */
  readonly unseen?: { readonly message: string; readonly hint?: string | undefined };
  /** Of each kind, the last operation when it failed: shown until one of the same kind succeeds. */
  readonly failed: readonly OperationView[];
  /** Why nothing is removed by age or number, until a person confirms the catalog. */
  readonly retentionOff?: { readonly since: string; readonly because: string };
  /** Its control plane removes it, and with it every backup that it keeps. */
  readonly leaving?: { readonly since: string; readonly standing: string };
  /** The operation whose stopped services nobody has started again. */
  readonly stoppedBy?: string;
}

export type Subject =
  | { readonly kind: 'operation'; readonly view: OperationView; readonly backup?: Backup }
  | { readonly kind: 'request'; readonly request: Request }
  | { readonly kind: 'backup'; readonly backup: Backup }
  | { readonly kind: 'workspaces'; readonly states: readonly WorkspaceState[]; readonly trouble?: string };

/** The live view of a running operation, or the last one of an ended one. */
export function viewOf(room: Room, operation: Operation): OperationView {
  const running = room.runningIn(operation.workspace);
  if (running?.operation().id === operation.id) return running.view();
  return viewOperation(storyOf[operation.kind], operation);
}

/** What a person asks about: nothing (all workspaces), a workspace, an operation, a request or a backup. */
export async function lookAt(room: Room, subject?: string): Promise<Subject> {
  const names = Object.keys(room.world.workspaces);
  if (subject === undefined) return workspacesSubject(room, await Promise.all(names.map((name) => look(room, name))));
  if (names.includes(subject)) return workspacesSubject(room, [await look(room, subject)]);
  if (subject.startsWith('req_'))
    return { kind: 'request', request: underRulesOfNow(room, await findRequest(room, subject)) };
  if (subject.startsWith('bkp_')) return { kind: 'backup', backup: await findBackup(room, subject) };
  if (!subject.startsWith('op_')) {
    throw new UserError('unknown-workspace', `There is no workspace, operation, request or backup "${subject}".`, {
      hint: suggest(subject, names, `Workspaces: ${names.join(', ')}.`),
    });
  }
  const operation = await findOperation(room, subject);
  const view = viewOf(room, operation);
  const backup = await room.world.catalog.backups.get(backupIdOf(operation));
  return { kind: 'operation', view, ...(backup ? { backup } : {}) };
}

/** With what is wrong with the way to people: who looks at workspaces may be waiting for a message. */
function workspacesSubject({ world }: Room, states: readonly WorkspaceState[]): Subject {
  const { trouble } = world.chat;
  return { kind: 'workspaces', states, ...(trouble === undefined ? {} : { trouble }) };
}

/** A pending one says how many approvals it needs by the rules that the next vote is counted by. */
export function underRulesOfNow(room: Room, request: Request): Request {
  const policy = room.world.workspaces[request.workspace]?.policy;
  if (!policy || request.status !== 'pending') return request;
  return { ...request, votesNeeded: votesNeeded(request, policy) };
}

/** The backup that an operation makes, or looks at. */
function backupIdOf({ id, kind, input }: Operation): string {
  const verified = kind === 'verify' ? verifyInput.safeParse(input).data : undefined;
  return verified?.backupId ?? id.replace('op_', 'bkp_');
}

/** What runs and waits, and the last backup, of each workspace; no workspace itself is looked at. */
export async function glanceAtAll(room: Room): Promise<Glance[]> {
  return Promise.all(Object.keys(room.world.workspaces).map((name) => glance(room, name)));
}

async function glance(room: Room, workspace: string): Promise<Glance> {
  const { catalog } = room.world;
  const [lastBackup] = await catalog.backups.list({ workspace, status: 'completed', limit: 1 });
  const requests = await catalog.requests.list({ workspace, status: ['pending', 'approved'] });
  const running = room.runningIn(workspace);
  return {
    workspace,
    ...(running ? { operation: running.view() } : {}),
    ...(lastBackup ? { lastBackup } : {}),
    freshness: (await freshnessOf(room, workspace))[0]?.freshness ?? { is: 'unwatched' },
    requests,
  };
}

async function look(room: Room, workspace: string): Promise<WorkspaceState> {
  const seen = await see(room, workspace);
  const { retentionOff, leaving } = await room.world.catalog.marks.get(workspace);
  const running = room.runningIn(workspace);
  const { notedBy: stoppedBy, services = [] } = seen;
  const isDown = services.some((service) => !service.running);
  return {
    ...(await glance(room, workspace)),
    services,
    ...(seen.unseen ? { unseen: seen.unseen } : {}),
    failed: await lastFailures(room, workspace),
    ...(retentionOff ? { retentionOff } : {}),
    ...(leaving ? { leaving } : {}),
    ...(isDown && stoppedBy !== undefined && stoppedBy !== running?.operation().id ? { stoppedBy } : {}),
  };
}

type Seen = Partial<Inspection> & Pick<WorkspaceState, 'unseen'>;
const looks = new WeakMap<Room, Map<string, Promise<Seen>>>();

/** Who asks while somebody looks gets the same answer: many at once cost a cluster no more than one. */
function see(room: Room, workspace: string): Promise<Seen> {
  const known = looks.get(room) ?? new Map<string, Promise<Seen>>();
  looks.set(room, known);
  const seeing = known.get(workspace) ?? seeNow(room, workspace).finally(() => known.delete(workspace));
  known.set(workspace, seeing);
  return seeing;
}

/** A workspace that cannot be looked at, such as one on a cluster that is away, hides no other and not what is on record. */
async function seeNow(room: Room, workspace: string): Promise<Seen> {
  try {
    return await room.world.portsFor(room.settingsOf(workspace)).platform.inspect();
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { unseen: { message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) } };
  }
}

/** As far back as one looks for how things stand. */
const RECENT = 30;

async function lastFailures(room: Room, workspace: string): Promise<OperationView[]> {
  const recent = await room.world.catalog.operations.list({ workspace, limit: RECENT });
  const ended = recent.filter(({ status }) => status === 'succeeded' || status === 'failed');
  const last = new Map(ended.toReversed().map((operation) => [operation.kind, operation]));
  return [...last.values()].filter(({ status }) => status === 'failed').map((operation) => viewOf(room, operation));
}

export async function listBackups(room: Room, filter: { workspace?: string | undefined; limit?: number | undefined }) {
  const { workspace, limit } = filter;
  if (workspace !== undefined) room.settingsOf(workspace);
  return room.world.catalog.backups.list({
    status: ['completed', 'incomplete', 'deleting'],
    ...(workspace === undefined ? {} : { workspace }),
    ...(limit === undefined ? {} : { limit }),
  });
}
