import { backupOverdue, overdueOver } from '../chat/messages/overdue.ts';
import { writeMoment } from '../chat/messages/words.ts';
import { isAppError } from '../errors.ts';
import type { Backup } from '../records/backup.ts';
import { type Freshness, judgeFreshness, whatToSay } from '../schedule/overdue.ts';
import type { Room } from './room.ts';
import { noUpkeep } from './upkeep.ts';

/** Whether a workspace's newest backup is younger than it may be. */
export interface WorkspaceFreshness {
  readonly workspace: string;
  readonly freshness: Freshness;
  /** The cut of its newest completed backup. */
  readonly lastTakenAt?: string;
}

/** Reads little and tells nobody; of all workspaces, or one. */
export async function freshnessOf(room: Room, workspace?: string): Promise<WorkspaceFreshness[]> {
  const names = workspace === undefined ? Object.keys(room.world.workspaces) : [room.settingsOf(workspace).name];
  const found: WorkspaceFreshness[] = [];
  for (const name of names) found.push(await look(room, name));
  return found;
}

/** As far back as one looks: reading a record costs. */
const LOOKED_BACK = 30;
const isOurs = ({ trigger }: Backup) => trigger !== 'vendor';

async function look({ world }: Room, workspace: string): Promise<WorkspaceFreshness> {
  const { catalog, clock } = world;
  const { schedules, workspaces } = world.upkeep?.() ?? noUpkeep;
  const now = clock.now();
  // One made in a control plane's own page has no external folders in it: it keeps nothing from being overdue.
  const newest = (limit: number) => catalog.backups.list({ workspace, status: 'completed', limit });
  const [first] = await newest(1);
  const last = first?.trigger === 'vendor' ? (await newest(LOOKED_BACK)).find(isOurs) : first;
  const { watchedSince } = await catalog.marks.get(workspace);
  const own = schedules.filter((one) => one.workspace === workspace && one.does === 'backup');
  const states = await Promise.all(
    own.map(async ({ id, settings }) => ({ settings, paused: (await catalog.schedules.get(id)).paused })),
  );
  const freshness = judgeFreshness({
    rpoMs: workspaces[workspace]?.rpoMs,
    schedules: states,
    since: last?.takenAt ?? watchedSince ?? now.toISOString(),
    now,
  });
  return { workspace, freshness, ...(last ? { lastTakenAt: last.takenAt } : {}) };
}

/**
 * Tells people of workspaces whose backup is overdue, at first and then daily, and once when that is over. May be called as
 * often as one likes; who could not be told is told the next time. Answers those that are overdue.
 */
export async function tellOverdue(room: Room): Promise<readonly WorkspaceFreshness[]> {
  const found = await freshnessOf(room);
  for (const one of found) {
    try {
      await tellOne(room, one);
    } catch (error) {
      if (!isAppError(error)) throw error;
      room.world.log.warn({ workspace: one.workspace, err: error }, 'nobody could be told what is overdue');
    }
  }
  return found.filter(({ freshness }) => freshness.is === 'overdue');
}

/** Said first and marked then: after a crash in between the same message is said again, under the same key. */
async function tellOne({ world }: Room, { workspace, freshness, lastTakenAt }: WorkspaceFreshness): Promise<void> {
  const { catalog, chat, clock } = world;
  const now = clock.now();
  const { overdue, watchedSince } = await catalog.marks.get(workspace);
  if (freshness.is !== 'unwatched' && lastTakenAt === undefined && watchedSince === undefined) {
    await catalog.marks.change(workspace, (marks) => ({ ...marks, watchedSince: now.toISOString() }));
  }
  const said = whatToSay(freshness, overdue, now);
  if (said === 'overdue' && freshness.is === 'overdue') {
    const { rpoMs, dueAt } = freshness;
    await chat.post(backupOverdue({ workspace, rpoMs, dueAt, lastTakenAt, saidAt: overdue?.saidAt }));
    const mark = { since: overdue?.since ?? dueAt, saidAt: now.toISOString() };
    await catalog.marks.change(workspace, (marks) => ({ ...marks, overdue: mark }));
  }
  if (said === 'over' && overdue) {
    await chat.post(overdueOver(workspace, overdue.since, whyOver(freshness, lastTakenAt)));
    await catalog.marks.change(workspace, ({ overdue: _over, ...marks }) => marks);
  }
}

function whyOver(freshness: Freshness, lastTakenAt: string | undefined): string {
  switch (freshness.is) {
    case 'paused':
      return `Its schedule is paused by ${freshness.by}.`;
    case 'unwatched':
      return 'Nothing says any more how old it may be.';
    default:
      return lastTakenAt === undefined
        ? 'More time is given to it now.'
        : `The last one was taken at ${writeMoment(lastTakenAt)}.`;
  }
}
