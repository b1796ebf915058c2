import { UserError } from '../errors.ts';
import type { Backup } from '../records/backup.ts';
import type { Person } from '../records/person.ts';
import type { RestorePlan } from '../records/plan.ts';
import type { Request, RestoreRequest } from '../records/request.ts';
import { writeDuration } from '../records/time.ts';
import type { WorkspaceSettings } from '../records/workspace.ts';
import { makeRestorePlan, type OnlyPath, tightestPart } from '../restore/restore-plan.ts';
import type { Inspection, PartState } from '../workspace/inspection.ts';
import { ask } from './ask.ts';
import { findBackup } from './find.ts';
import { foreseeVendor } from './foresee-vendor.ts';
import { refuseWhenHeld } from './held.ts';
import { readOnlyPaths } from './only-paths.ts';
import type { Room } from './room.ts';

export interface RestoreWish {
  readonly backup: string;
  /** Paths such as `projects/alice/notes.ipynb`: a part's name and what is in it; absent: everything. */
  readonly only?: readonly string[] | undefined;
  /** Another workspace than the one the backup was taken of. */
  readonly to?: string | undefined;
  readonly reason?: string | undefined;
  readonly noticeMs?: number | undefined;
  /** The name of the workspace that is overwritten, repeated by the person. */
  readonly confirm?: string | undefined;
}

interface Scope {
  readonly only?: readonly OnlyPath[] | undefined;
  readonly into?: string | undefined;
  /** Counting takes long; the digest needs none of it. */
  readonly count: boolean;
}

/** What a restore would do to the workspace as it stands now: who may not ask for one may not look into the backup either. */
export async function planRestore(
  room: Room,
  person: Person,
  wish: RestoreWish,
): Promise<{ backup: Backup; plan: RestorePlan }> {
  const backup = await findBackup(room, wish.backup);
  requireRestorer(room, person, backup, wish.to);
  refuseUnrestorable(backup);
  const into = wish.to === backup.workspace ? undefined : wish.to;
  const only = wish.only?.length ? await readOnlyPaths(room, backup, wish.only, into) : undefined;
  return { backup, plan: await planScope(room, backup, { only, into, count: true }) };
}

/** The plan of a request as it would be made now. */
export async function planAgain(room: Room, { plan, backupId, by }: RestoreRequest): Promise<RestorePlan> {
  const backup = await findBackup(room, backupId);
  // Who may not read the source any more does not get its data after all.
  room.requireOperator(by, room.settingsOf(backup.workspace));
  const only = plan.scope === 'paths' ? plan.parts : undefined;
  return planScope(room, backup, { only, into: plan.fromWorkspace && plan.workspace, count: false });
}

async function planScope(room: Room, backup: Backup, { only, into, count }: Scope): Promise<RestorePlan> {
  refuseUnrestorable(backup);
  await refuseWhenHeld(room, backup, { kinds: ['delete'] });
  const settings = room.settingsOf(into ?? backup.workspace);
  const { platform } = room.world.portsFor(settings);
  const inspection = await platform.inspect({
    toRestore: 'asked',
    ...(count && !only ? { count, since: backup.takenAt } : {}),
  });
  const wanted = only ?? backup.parts;
  const lacking = wanted.find(({ name }) => !inspection.parts.some((part) => part.name === name));
  if (lacking) {
    throw new UserError(
      'bad-input',
      `${settings.name} has no part "${lacking.name}", so ${backup.id} does not fit it.`,
      {
        hint: `Its parts: ${inspection.parts.map(({ name }) => name).join(', ')}. Single parts: --only <part>`,
      },
    );
  }
  const canSwap = platform.capabilities.swap !== 'none';
  if (only && !canSwap) {
    throw new UserError('bad-input', `Single paths of ${settings.name} cannot be brought back on this platform.`, {
      hint: 'Restore all of it, or bring it into another workspace with --to.',
    });
  }
  for (const { name, within } of only ?? []) {
    const notWithin = inspection.parts.find((part) => part.name === name)?.notWithin;
    if (within === undefined || notWithin === undefined) continue;
    throw new UserError('bad-input', `Single paths of "${name}" cannot be brought back: ${notWithin}.`, {
      hint: `Bring the whole of it back: --only ${name}`,
    });
  }
  const foresight = await foreseeVendor(backup, platform, into);
  const made = makeRestorePlan(backup, inspection, room.world.clock.now(), { only, into, canSwap, foresight });
  const plan = { ...made, warnings: [...(await damageOf(room, backup)), ...made.warnings] };
  if (count && plan.way !== 'swap') refuseTooLarge(plan, inspection);
  return plan;
}

/** What a check of the repository found: it may still come back whole as far as these parts go, or fail before the stop. */
async function damageOf({ world }: Room, { id, workspace }: Backup): Promise<string[]> {
  const { reread } = await world.catalog.marks.get(workspace);
  const found = reread?.damaged.find(({ backups }) => backups.includes(id));
  return found ? [`DATA OF IT IS DAMAGED in the repository, as ${found.operationId} found: verify it first.`] : [];
}

/** Asks for a restore: nothing happens until another person approves. */
export async function requestRestore(room: Room, person: Person, wish: RestoreWish): Promise<Request> {
  const backup = await findBackup(room, wish.backup);
  const settings = requireRestorer(room, person, backup, wish.to);
  const target = settings.name;
  if (wish.confirm !== target) {
    throw new UserError('not-confirmed', `A restore overwrites ${target}; its name was not repeated.`, {
      hint: `Type the name when asked, or add: --confirm ${target}`,
    });
  }
  const { plan } = await planRestore(room, person, { ...wish, backup: backup.id });
  refuseOverBudget(plan, settings);
  const { noticeMs, reason } = wish;
  return ask(
    room,
    person,
    settings,
    { kind: 'restore', plan, ...(noticeMs === undefined ? {} : { noticeMs }) },
    reason,
  );
}

/** Answers the settings of the workspace that would be overwritten. */
function requireRestorer(room: Room, person: Person, { workspace }: Backup, to = workspace): WorkspaceSettings {
  // Whoever may not read a workspace's data must not have it brought into one that they may.
  room.requireOperator(person, room.settingsOf(workspace));
  const settings = room.settingsOf(to);
  room.requireOperator(person, settings);
  return settings;
}

/**
 * The guard would put everything back before services were up again. Writing in place is told to the approver as what it
 * is, and the guard waits for it.
 */
export function refuseOverBudget(
  plan: Pick<RestorePlan, 'forecast' | 'workspace'> & { readonly way?: RestorePlan['way'] },
  { policy }: WorkspaceSettings,
): void {
  if (plan.way === 'in-place' || plan.way === 'vendor' || plan.forecast.downtimeMs <= policy.downtimeBudget) return;
  const [downtime, budget] = [writeDuration(plan.forecast.downtimeMs), writeDuration(policy.downtimeBudget)];
  throw new UserError(
    'over-budget',
    `Services of ${plan.workspace} would be down for about ${downtime}; the budget is ${budget}.`,
    { hint: 'Raise policy.downtimeBudget in the configuration, then ask again.' },
  );
}

/** Written over what stands there, it must fit into the room that this leaves. */
function refuseTooLarge(plan: RestorePlan, { parts }: Inspection): void {
  const emptied = parts.map((part) => ({ ...part, freeBytes: part.freeBytes + bytesBeside(part, parts) }));
  const tight = tightestPart(plan.parts, { parts: emptied });
  if (!tight || tight.lackingBytes <= 0) return;
  throw new UserError('bad-input', `${plan.backupId} does not fit where "${tight.name}" is, even in place.`, {
    hint: `It needs ${Math.ceil(tight.lackingBytes / 1e6)} MB more on that file system.`,
  });
}

/** What all parts on the file system of one hold now. */
function bytesBeside(one: PartState, parts: readonly PartState[]): number {
  const shares = (other: PartState) =>
    other === one || (one.fileSystem !== undefined && other.fileSystem === one.fileSystem);
  return parts.filter(shares).reduce((sum, { bytes }) => sum + bytes, 0);
}

function refuseUnrestorable(backup: Backup): void {
  if (backup.status === 'completed' || backup.status === 'incomplete') return;
  throw new UserError('backup-incomplete', `${backup.id} is ${backup.status}, so it cannot be restored.`, {
    hint: `See the others: cml list ${backup.workspace}`,
  });
}
