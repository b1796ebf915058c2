import { z } from 'zod';
import { type PlannedRuns, type WorkspaceWeek, weeklyDigest } from '../chat/messages/digest.ts';
import { doAll } from '../do-all.ts';
import { downtimeOf } from '../operation/view.ts';
import { madeAt } from '../records/ids.ts';
import type { Operation } from '../records/operation.ts';
import { isBlackout, readBlackout } from '../schedule/blackout.ts';
import { readExpression } from '../schedule/expression.ts';
import type { Scheduled } from '../schedule/schedule.ts';
import { slotsBetween } from '../schedule/slots.ts';
import { freshnessOf, type WorkspaceFreshness } from './freshness.ts';
import type { Room } from './room.ts';
import { storyOf } from './stories.ts';
import { noUpkeep } from './upkeep.ts';

const WEEK_MS = 7 * 86_400_000;
/** Of the newest completed backups: an older one that was verified says little of today's. */
const LOOKED_AT = 100;

interface Week {
  readonly before: Date;
  readonly from: Date;
  readonly until: Date;
}

/**
 * Says what the last seven days were and what the next seven bring, once at each place where people hear of workspaces.
 * Asked again on one day it says the same message anew. Answers at how many places.
 */
export async function sayDigest(room: Room): Promise<number> {
  const { world } = room;
  const until = world.clock.now();
  const back = (ms: number) => new Date(until.getTime() - ms);
  const week: Week = { before: back(2 * WEEK_MS), from: back(WEEK_MS), until };
  const operations = await operationsSince(room, week.before);
  const places = new Map<string, WorkspaceWeek[]>();
  for (const one of await freshnessOf(room)) {
    const place = world.chat.placeOf?.(one.workspace) ?? '';
    const ofWorkspace = operations.filter(({ workspace }) => workspace === one.workspace);
    places.set(place, [...(places.get(place) ?? []), await weekOf(room, one, ofWorkspace, week)]);
  }
  const { from } = week;
  const messages = [...places].map(([place, weeks]) =>
    weeklyDigest({ place: place || 'all', from: from.toISOString(), until: until.toISOString(), weeks }),
  );
  await doAll(messages.map((message) => () => world.chat.post(message)));
  return messages.length;
}

/** One after the other: others are served meanwhile. */
async function operationsSince({ world }: Room, since: Date): Promise<Operation[]> {
  const { operations } = world.catalog;
  const ids = (await operations.known()).filter(({ id }) => madeAt(id) >= since);
  const found: Operation[] = [];
  for (const { id } of ids) {
    const operation = await operations.get(id);
    if (operation && operation.status !== 'running') found.push(operation);
  }
  return found;
}

async function weekOf(
  { world }: Room,
  { workspace, freshness }: WorkspaceFreshness,
  operations: readonly Operation[],
  { from, until }: Week,
): Promise<WorkspaceWeek> {
  const { catalog } = world;
  const { schedules } = world.upkeep?.() ?? noUpkeep;
  const own = schedules.filter((one) => one.workspace === workspace);
  const states = await Promise.all(own.map(async (one) => ({ ...one, state: await catalog.schedules.get(one.id) })));
  const [now, before] = [
    operations.filter((one) => isAfter(one, from)),
    operations.filter((one) => !isAfter(one, from)),
  ];
  const backups = now.filter(({ kind }) => kind === 'backup');
  const ended = (wanted: (operation: Operation) => boolean) => backups.filter(wanted).length;
  const isTorn = ({ error }: Operation) => error?.code === 'backup-incomplete';
  const missed = states.filter(({ does }) => does === 'backup').flatMap(({ state }) => state.missed);
  const verifiedAt = await lastVerifiedAt(catalog, workspace);
  return {
    workspace,
    completed: ended(({ status }) => status === 'succeeded'),
    incomplete: ended((one) => one.status === 'failed' && isTorn(one)),
    failed: ended((one) => one.status === 'failed' && !isTorn(one)),
    missed: missed.filter(({ slotAt }) => Date.parse(slotAt) >= from.getTime()).length,
    downtimeMs: downtimeOfAll(now),
    downtimeBeforeMs: downtimeOfAll(before),
    addedBytes: backups.reduce((sum, { outcome }) => sum + (added.safeParse(outcome).data?.addedBytes ?? 0), 0),
    ...(verifiedAt === undefined ? {} : { verifiedAt }),
    ...(freshness.is === 'overdue' ? { overdueSince: freshness.dueAt } : {}),
    ...(freshness.is === 'paused' ? { pausedBy: freshness.by } : {}),
    next: states.filter(({ state }) => !state.paused).flatMap((schedule) => plannedRuns(schedule, until)),
  };
}

const added = z.object({ addedBytes: z.number() });

function isAfter({ id }: Operation, from: Date): boolean {
  return madeAt(id) >= from;
}

function downtimeOfAll(operations: readonly Operation[]): number {
  return operations.reduce((sum, one) => sum + (downtimeOf(storyOf[one.kind], one).downtimeMs ?? 0), 0);
}

async function lastVerifiedAt({ backups }: Room['world']['catalog'], workspace: string): Promise<string | undefined> {
  const newest = await backups.list({ workspace, status: 'completed', limit: LOOKED_AT });
  return newest
    .flatMap(({ verified }) => verified?.at ?? [])
    .sort()
    .at(-1);
}

function plannedRuns({ name, settings }: Scheduled, now: Date): PlannedRuns[] {
  const { when, zone, blackout } = settings;
  const blackouts = blackout.map(readBlackout);
  const slots = slotsBetween(readExpression(when), zone, now, new Date(now.getTime() + WEEK_MS));
  const planned = slots.filter((slot) => !isBlackout(blackouts, zone, slot));
  const [first] = planned;
  return first ? [{ name, times: planned.length, firstAt: first.toISOString(), zone }] : [];
}
