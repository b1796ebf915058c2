import { usualLengthMs } from '../backup/forecast.ts';
import type { Operation } from '../records/operation.ts';
import type { Scheduled } from '../schedule/schedule.ts';
import type { Room } from './room.ts';

/** Past runs that count, the newest. */
const PAST = 5;

/** How long people are warned of a schedule's runs, and how long one takes by past runs; nothing where nobody knows. */
export async function lengthsOf(
  room: Room,
  { does, workspace, settings }: Scheduled,
): Promise<{ readonly noticeMs?: number; readonly forecastMs?: number }> {
  if (does !== 'backup' || workspace === undefined) return {};
  const past = await room.world.catalog.backups.list({ workspace, status: 'completed', limit: PAST });
  const noticeMs = settings.notice ?? room.settingsOf(workspace).policy.notice;
  const usual = usualLengthMs(past);
  return { noticeMs, ...(usual === undefined ? {} : { forecastMs: Math.max(noticeMs, usual) }) };
}

/** Operations looked at for one slot: it is among the newest, because nothing else runs beside it. */
const LOOKED_AT = 20;

/** The operation that stands on record for a slot. */
export async function findBegun(room: Room, { id, workspace }: Scheduled, slotAt: Date): Promise<string | undefined> {
  if (workspace === undefined) return undefined;
  const isOfSlot = ({ scheduled }: Operation) => scheduled?.id === id && scheduled.slotAt === slotAt.toISOString();
  return (await room.world.catalog.operations.list({ workspace, limit: LOOKED_AT })).find(isOfSlot)?.id;
}
