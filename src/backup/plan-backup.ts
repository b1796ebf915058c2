import type { Catalog } from '../catalog/catalog.ts';
import { writeCount } from '../chat/messages/words.ts';
import { OperationError } from '../errors.ts';
import type { DataMover } from '../mover/mover.ts';
import type { Backup } from '../records/backup.ts';
import type { BackupPlan, PartPlan } from '../records/plan.ts';
import { writeDuration } from '../records/time.ts';
import type { Capture, ChosenCapture, WorkspacePolicy } from '../records/workspace.ts';
import type { Inspection, PartState } from '../workspace/inspection.ts';
import type { WorkspacePlatform } from '../workspace/platform.ts';
import { forecastBackup } from './forecast.ts';

export interface PlanPorts {
  readonly platform: WorkspacePlatform;
  readonly mover: DataMover;
  readonly catalog: Catalog;
}

export interface PlanWishes {
  readonly workspace: string;
  readonly policy: WorkspacePolicy;
  /** The operation that is going to run; a note of another one forbids the plan. */
  readonly operationId: string;
  readonly folder: string;
  readonly noticeMs?: number | undefined;
  readonly timeoutMs?: number | undefined;
  /** Overrides every part's configured capture. */
  readonly capture?: ChosenCapture | undefined;
}

/** Parts that are copied while services are down, in one copy. */
export function partsCopiedInCut(parts: readonly PartPlan[]): PartPlan[] {
  return parts.filter((part) => part.capture === 'two-pass' || part.capture === 'cold');
}

/** Parts that are copied after services are up again, in one copy. */
export function partsCopiedAfterStart(parts: readonly PartPlan[]): PartPlan[] {
  return parts.filter((part) => part.capture === 'snapshot' || part.capture === 'after-start');
}

/** Parts that a control plane takes and keeps. */
export function partsKeptByVendor(parts: readonly PartPlan[]): PartPlan[] {
  return parts.filter((part) => part.capture === 'vendor');
}

/**
 * Looks at everything before anyone is disturbed.
 * @throws OperationError `preflight-failed` with what is in the way; PortError of the mover.
 */
export async function planBackup(ports: PlanPorts, wishes: PlanWishes, signal: AbortSignal): Promise<BackupPlan> {
  await ports.mover.probe();
  const inspection = await ports.platform.inspect({ count: true, signal });
  refuseWhenUnfit(inspection, wishes);
  const known = await ports.mover.list([], { folder: wishes.folder, key: 'list-known', signal });
  // What runs where we do has just reached it; from elsewhere, other rules of the network count.
  if (ports.platform.capabilities.reader === 'job')
    await ports.mover.reach({ folder: wishes.folder, key: 'reach', signal });
  const past = (await ports.catalog.backups.list({ workspace: wishes.workspace, limit: 20 })).filter(
    (backup) => backup.status === 'completed',
  );
  const parts = inspection.parts.map((part) => planPart(part, wishes.capture));
  const forecast = forecastBackup(
    parts,
    inspection.services.filter(({ running }) => running).length,
    past,
    wishes.policy.downtimeBudget,
  );
  refuseOverBudget(forecast, wishes.policy);
  const copyIds = new Set(known.map(({ id }) => id));
  return {
    workspace: wishes.workspace,
    release: inspection.release,
    services: [...inspection.services],
    parts,
    ...(ports.platform.capabilities.cut === 'whole' ? { cut: 'whole' as const } : {}),
    leftOut: [...inspection.leftOut],
    forecast,
    budgetMs: wishes.policy.downtimeBudget,
    noticeMs: wishes.noticeMs ?? wishes.policy.notice,
    ...(wishes.timeoutMs === undefined ? {} : { timeoutMs: wishes.timeoutMs }),
    parents: {
      ...newest('cut', past, copyIds, ['two-pass', 'cold']),
      ...newest('afterStart', past, copyIds, ['snapshot', 'after-start']),
    },
    warnings: [...inspection.warnings, ...shrunk(parts, past[0])],
  };
}

/** The same looks, cheap, right before services stop: minutes or days may have passed. */
export async function lookAgain(
  platform: WorkspacePlatform,
  operationId: string,
  plan: BackupPlan,
  signal: AbortSignal,
): Promise<void> {
  const inspection = await platform.inspect({ signal });
  refuseWhenUnfit(inspection, { operationId, workspace: plan.workspace });
  for (const { name, capture } of plan.parts) {
    const part = inspection.parts.find((candidate) => candidate.name === name);
    if (part) refuseImpossible(part, capture);
  }
}

function refuseWhenUnfit(inspection: Inspection, wishes: Pick<PlanWishes, 'operationId' | 'workspace'>): void {
  if (inspection.notedBy !== undefined && inspection.notedBy !== wishes.operationId) {
    throw new OperationError(
      'preflight-failed',
      `Services of ${wishes.workspace} were stopped by ${inspection.notedBy} and have not been started again.`,
      { hint: `Start them first: cml start ${wishes.workspace}` },
    );
  }
  if (inspection.obstacle !== undefined) {
    throw new OperationError(
      'preflight-failed',
      `No backup of ${wishes.workspace} can begin: ${inspection.obstacle}.`,
      { hint: 'Nothing was stopped. Look at its page, and ask again when that is over.' },
    );
  }
  const missing = inspection.parts.find((part) => !part.present);
  if (missing) {
    throw new OperationError(
      'preflight-failed',
      `The ${words(missing)} "${missing.name}" is not there: ${missing.path}`,
      {
        hint: 'Is it mounted? Correct its path in the configuration, or leave it out with a reason (leaveOut).',
      },
    );
  }
  if (inspection.parts.length === 0) {
    throw new OperationError('preflight-failed', `${wishes.workspace} has nothing to back up.`, {
      hint: 'Name its volumes and shared folders in the configuration.',
    });
  }
}

function refuseOverBudget(forecast: BackupPlan['forecast'], policy: WorkspacePolicy): void {
  if (forecast.downtimeMs <= policy.downtimeBudget) return;
  throw new OperationError(
    'preflight-failed',
    `Services would be down for about ${writeDuration(forecast.downtimeMs)}, more than the budget of ${writeDuration(policy.downtimeBudget)} (from ${forecast.basis}).`,
    { hint: 'Capture large parts by snapshot or in two passes, or raise downtimeBudget.' },
  );
}

function planPart(part: PartState, wish: ChosenCapture | undefined): PartPlan {
  const {
    freeBytes: _free,
    possible: _possible,
    present: _present,
    notBeside: _beside,
    storageClass: _class,
    ...plan
  } = part;
  // What only the control plane can take is taken its way, whatever was asked for the rest.
  const capture = part.capture === 'vendor' ? undefined : wish;
  refuseImpossible(part, capture ?? part.capture);
  return capture === undefined ? plan : { ...plan, capture, reason: 'asked for this backup' };
}

function refuseImpossible(part: PartState, capture: Capture): void {
  if (part.possible.includes(capture)) return;
  const why = capture === part.capture ? `: ${part.reason}` : '';
  throw new OperationError(
    'preflight-failed',
    `The ${words(part)} "${part.name}" cannot be captured as ${capture}${why}.`,
    { hint: `Possible here: ${part.possible.join(', ')}.` },
  );
}

/** The newest copy of parts captured one of these ways that is still in the repository. */
function newest(key: string, past: readonly Backup[], known: ReadonlySet<string>, captures: readonly Capture[]) {
  const part = past
    .flatMap((backup) => backup.parts)
    .find(({ capture, copyId }) => captures.includes(capture) && copyId !== undefined && known.has(copyId));
  return part?.copyId === undefined ? {} : { [key]: part.copyId };
}

/** A source that lost most of its files is worth a word before it becomes the newest backup. */
function shrunk(parts: readonly PartPlan[], last: Backup | undefined): string[] {
  return parts.flatMap((part) => {
    const before = last?.parts.find(({ name }) => name === part.name)?.files ?? 0;
    if (before === 0 || part.files >= before / 2) return [];
    return [
      `"${part.name}" has ${writeCount(part.files, 'file')}; the last backup had ${before.toLocaleString('en')}.`,
    ];
  });
}

function words(part: { kind: string }): string {
  return part.kind.replace('-', ' ');
}
