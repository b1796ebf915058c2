import type { AuditEntry } from '../../src/records/audit.ts';
import type { Backup } from '../../src/records/backup.ts';
import { createNewId, type IdPrefix } from '../../src/records/ids.ts';
import type { Operation } from '../../src/records/operation.ts';
import type { CapturedPart } from '../../src/records/part.ts';
import type { DeletePlan, RestorePlan } from '../../src/records/plan.ts';
import type { DeleteRequest, RestoreRequest, UndoRequest } from '../../src/records/request.ts';
import { type WorkspaceSettings, workspacePolicy } from '../../src/records/workspace.ts';

/** When the made records happened; give `minutesLater` to tell older from newer. */
const NOON = Date.parse('2026-03-01T12:00:00.000Z');
export const momentAfter = (minutes: number): string => new Date(NOON + minutes * 60_000).toISOString();

let made = 0;
/** A valid id, another one each time. */
export function makeId(prefix: IdPrefix): string {
  made += 1;
  return createNewId(
    () => new Date(NOON + made * 1000),
    () => 0.5,
  )(prefix);
}

export function makeSettings(changes: Partial<WorkspaceSettings> = {}): WorkspaceSettings {
  return {
    name: 'team-ml',
    platform: { kind: 'fake' },
    repository: { kind: 'fake' },
    policy: workspacePolicy.parse({ approvers: ['bob'] }),
    ...changes,
  };
}

export function makeOperation(changes: Partial<Operation> = {}): Operation {
  return {
    schema: 1,
    id: makeId('op'),
    kind: 'backup',
    workspace: 'team-ml',
    by: { name: 'alice', proof: 'uid', uid: 1000 },
    trigger: 'person',
    input: { notice: 3000 },
    settings: makeSettings(),
    startedAt: momentAfter(0),
    status: 'running',
    journal: [
      { type: 'began', at: momentAfter(0), mode: 'run' },
      { type: 'step-began', at: momentAfter(0), step: 'preflight' },
      {
        type: 'step-done',
        at: momentAfter(1),
        step: 'preflight',
        result: { parts: ['db'], nested: { deep: [1, null] } },
      },
    ],
    ...changes,
  };
}

export function makePart(changes: Partial<CapturedPart> = {}): CapturedPart {
  return {
    name: 'db',
    kind: 'volume',
    location: 'internal',
    capture: 'two-pass',
    consistent: true,
    takenAt: momentAfter(5),
    copyId: 'c'.repeat(64),
    pathInCopy: '/srv/team-ml/db',
    files: 12,
    directories: 3,
    bytes: 4096,
    unreadable: [],
    ...changes,
  };
}

export function makeBackup(changes: Partial<Backup> = {}): Backup {
  return {
    schema: 1,
    id: makeId('bkp'),
    workspace: 'team-ml',
    operationId: makeId('op'),
    by: { name: 'alice', proof: 'uid', uid: 1000 },
    trigger: 'person',
    startedAt: momentAfter(0),
    takenAt: momentAfter(5),
    release: '1.4',
    downtimeMs: 2100,
    definitionSha256: 'd'.repeat(64),
    parts: [makePart(), makePart({ name: 'projects', kind: 'shared-folder', pathInCopy: '/srv/team-ml/projects' })],
    leftOut: [],
    warnings: [],
    status: 'completed',
    definition: { copyId: 'e'.repeat(64), pathInCopy: '/definition.json', sha256: 'd'.repeat(64), release: '1.4' },
    manifestCopyId: 'f'.repeat(64),
    manifestSha256: '0'.repeat(64),
    endedAt: momentAfter(9),
    durationMs: 540_000,
    files: 24,
    bytes: 8192,
    addedBytes: 1024,
    ...changes,
  };
}

export function makeRestorePlan(changes: Partial<RestorePlan> = {}): RestorePlan {
  return {
    backupId: makeId('bkp'),
    manifestSha256: '0'.repeat(64),
    workspace: 'team-ml',
    takenAt: momentAfter(5),
    scope: 'whole',
    parts: [],
    definition: { copyId: 'e'.repeat(64), pathInCopy: '/definition.json', sha256: 'd'.repeat(64) },
    releaseThen: '1.4',
    releaseNow: '1.4',
    way: 'swap',
    undoable: true,
    digest: '1'.repeat(64),
    forecast: { downtimeMs: 2000, totalMs: 60_000, basis: 'the last backup' },
    overwrites: [{ name: 'db', files: 12, bytes: 4096 }],
    lookedAt: momentAfter(20),
    warnings: [],
    ...changes,
  };
}

export function makeRequest(changes: Partial<RestoreRequest> = {}): RestoreRequest {
  const plan = changes.plan ?? makeRestorePlan();
  return {
    schema: 1,
    id: makeId('req'),
    kind: 'restore',
    workspace: 'team-ml',
    backupId: plan.backupId,
    by: { name: 'alice', proof: 'uid', uid: 1000 },
    askedAt: momentAfter(20),
    expiresAt: momentAfter(500),
    votesNeeded: 1,
    votes: [],
    plan,
    status: 'pending',
    ...changes,
  };
}

export function makeUndoRequest(changes: Partial<UndoRequest> & Pick<UndoRequest, 'plan'>): UndoRequest {
  const { kind: _kind, plan: _plan, ...common } = makeRequest();
  return { ...common, kind: 'undo', backupId: changes.plan.backupId, ...changes };
}

export function makeDeletePlan(changes: Partial<DeletePlan> = {}): DeletePlan {
  return {
    backupId: makeId('bkp'),
    workspace: 'team-ml',
    takenAt: momentAfter(5),
    files: 24,
    bytes: 8192,
    manifestCopyId: 'f'.repeat(64),
    copyIds: ['c'.repeat(64)],
    digest: '2'.repeat(64),
    warnings: [],
    ...changes,
  };
}

export function makeDeleteRequest(changes: Partial<DeleteRequest> = {}): DeleteRequest {
  const plan = changes.plan ?? makeDeletePlan();
  return { ...makeRequest(), kind: 'delete', backupId: plan.backupId, plan, ...changes };
}

export function makeAuditEntry(changes: Partial<AuditEntry> = {}): AuditEntry {
  return {
    at: momentAfter(20),
    by: { name: 'alice', proof: 'uid', uid: 1000 },
    did: 'restore asked',
    workspace: 'team-ml',
    ...changes,
  };
}
