import type { Backup } from '../records/backup.ts';
import type { ScheduleState } from '../records/schedule-state.ts';
import type { Room } from './room.ts';

/** What the records say of one workspace; changes only when something ends in it. */
export interface Standing {
  readonly lastBackup?: Backup;
  /** Of the last backup that ended by itself, whether it completed; absent when none of the last operations was one. */
  readonly hasLastSucceeded?: boolean;
  /** When a backup was last proven by restoring it; absent when none of the newest ones is. */
  readonly lastVerifiedAt?: string;
  readonly isRetentionOff: boolean;
}

/** What waits for people in one workspace. */
export interface Waiting {
  readonly pending: number;
  /** When the oldest of them was asked for. */
  readonly since?: string;
}

/** A month of operations, two of nightly backups: who looks whether all is well does not read years of records. */
const RECENT_OPERATIONS = 30;
const RECENT_BACKUPS = 60;

export async function lookAtRecords({ world: { catalog } }: Room, workspace: string): Promise<Standing> {
  const backups = await catalog.backups.list({ workspace, status: 'completed', limit: RECENT_BACKUPS });
  const recent = await catalog.operations.list({ workspace, limit: RECENT_OPERATIONS });
  const last = recent.find(({ kind, status }) => kind === 'backup' && (status === 'succeeded' || status === 'failed'));
  const [lastBackup] = backups;
  const [lastVerifiedAt] = backups
    .flatMap(({ verified }) => (verified ? [verified.at] : []))
    .sort()
    .reverse();
  const { retentionOff } = await catalog.marks.get(workspace);
  return {
    ...(lastBackup ? { lastBackup } : {}),
    ...(last ? { hasLastSucceeded: last.status === 'succeeded' } : {}),
    ...(lastVerifiedAt === undefined ? {} : { lastVerifiedAt }),
    isRetentionOff: retentionOff !== undefined,
  };
}

/** How many services of it do not run now. @throws PortError when nobody can look at it. */
export async function countServicesDown({ world, settingsOf }: Room, workspace: string): Promise<number> {
  const { services } = await world.portsFor(settingsOf(workspace)).platform.inspect();
  return services.filter(({ running }) => !running).length;
}

/** By workspace; those for which nothing waits are not named. */
export async function findWaiting({ world: { catalog } }: Room): Promise<ReadonlyMap<string, Waiting>> {
  const waiting = new Map<string, Waiting>();
  // Newest first: the last one seen of a workspace is its oldest.
  for (const { workspace, askedAt } of await catalog.requests.list({ status: 'pending' })) {
    waiting.set(workspace, { pending: (waiting.get(workspace)?.pending ?? 0) + 1, since: askedAt });
  }
  return waiting;
}

/** Completed backups by workspace, from what the catalog knows without reading a record. */
export async function countBackups({ world: { catalog } }: Room): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const { workspace, status } of await catalog.backups.known()) {
    if (status === 'completed') counts.set(workspace, (counts.get(workspace) ?? 0) + 1);
  }
  return counts;
}

/** What is remembered of every schedule that is configured now. */
export async function lookAtSchedules({ world }: Room): Promise<ScheduleState[]> {
  const configured = new Set(world.upkeep?.().schedules.map(({ id }) => id));
  return (await world.catalog.schedules.list()).filter(({ id }) => configured.has(id));
}
