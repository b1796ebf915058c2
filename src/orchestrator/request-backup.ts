import { rm } from 'node:fs/promises';
import { planBackup } from '../backup/plan-backup.ts';
import type { RunningOperation } from '../operation/run-operation.ts';
import type { Operation } from '../records/operation.ts';
import type { Person } from '../records/person.ts';
import { type BackupPlan, backupPlan } from '../records/plan.ts';
import type { ChosenCapture, WorkspaceSettings } from '../records/workspace.ts';
import type { WorkloadsWish } from '../workspace/platform.ts';
import { requireMayStopNow } from './may-stop-now.ts';
import type { Room } from './room.ts';

export interface BackupWish {
  readonly workspace: string;
  readonly name?: string | undefined;
  readonly reason?: string | undefined;
  readonly noticeMs?: number | undefined;
  readonly timeoutMs?: number | undefined;
  readonly capture?: ChosenCapture | undefined;
  /** What becomes of people's workloads at the stop. Absent: what the platform is configured to do. */
  readonly workloads?: WorkloadsWish | undefined;
  /** The slot that nobody but the clock asked for. */
  readonly scheduled?: Operation['scheduled'];
}

/** Starts a backup now; its own preflight may still refuse it. */
export async function requestBackup(room: Room, person: Person, wish: BackupWish): Promise<RunningOperation> {
  const { world } = room;
  const settings = room.settingsOf(wish.workspace);
  room.requireOperator(person, settings);
  if (wish.noticeMs === 0) requireMayStopNow(room, person, settings, world.clock.now());
  room.refuseWhenBusy(wish.workspace);
  const id = world.newId('op');
  const at = world.clock.now().toISOString();
  const operation: Operation = {
    schema: 1,
    id,
    kind: 'backup',
    workspace: wish.workspace,
    by: person,
    ...(wish.scheduled ? { trigger: 'schedule', scheduled: wish.scheduled } : { trigger: 'person' }),
    ...(wish.reason === undefined ? {} : { reason: wish.reason }),
    input: {
      backupId: id.replace('op_', 'bkp_'),
      ...(wish.name === undefined ? {} : { name: wish.name }),
      ...(wish.noticeMs === undefined ? {} : { noticeMs: wish.noticeMs }),
      ...(wish.capture === undefined ? {} : { capture: wish.capture }),
      ...(wish.workloads === undefined ? {} : { workloads: { ...wish.workloads } }),
    },
    settings: withTimeout(settings, wish.timeoutMs),
    startedAt: at,
    status: 'running',
    journal: [],
  };
  const running = await room.launch(operation);
  await world.catalog.audit.append({
    at,
    by: person,
    did: 'backup asked',
    workspace: wish.workspace,
    subject: id,
    ...(wish.reason === undefined ? {} : { reason: wish.reason }),
  });
  return running;
}

/** What a backup would do, without doing or recording anything. */
export async function planOnly(room: Room, wish: BackupWish): Promise<BackupPlan> {
  const settings = room.settingsOf(wish.workspace);
  const operationId = room.world.newId('op');
  const folder = await room.folderOf(operationId);
  const wishes = {
    workspace: wish.workspace,
    policy: settings.policy,
    operationId,
    folder,
    noticeMs: wish.noticeMs,
    timeoutMs: wish.timeoutMs ?? settings.policy.timeout,
    capture: wish.capture,
  };
  try {
    const ports = { ...room.world.portsFor(settings), catalog: room.world.catalog };
    // As it would be recorded, without what was only looked at to make it.
    return backupPlan.parse(await planBackup(ports, wishes, AbortSignal.timeout(600_000)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function withTimeout(settings: WorkspaceSettings, timeoutMs: number | undefined): WorkspaceSettings {
  return timeoutMs === undefined ? settings : { ...settings, policy: { ...settings.policy, timeout: timeoutMs } };
}
