import type { OperationKind } from '../../records/operation.ts';
import type { BackupPlan } from '../../records/plan.ts';
import { writeDuration } from '../../records/time.ts';
import type { Message } from '../chat.ts';
import { stopActions } from './stop-actions.ts';
import { withArticle, writeMoment } from './words.ts';

interface Stop {
  readonly operationId: string;
  readonly kind: OperationKind;
  readonly workspace: string;
  readonly by: string;
  readonly reason?: string | undefined;
  readonly stopsAt: Date;
  readonly noticeMs: number;
  readonly downtimeMs: number;
  /** Of the last times, the newest first. */
  readonly lastDowntimesMs?: readonly number[] | undefined;
}

/** Said before services stop; said again, with the same key, when the moment moves. */
export function servicesStop(stop: Stop): Message {
  const when = stop.noticeMs === 0 ? 'now' : `in ${writeDuration(stop.noticeMs)} (${writeMoment(stop.stopsAt)})`;
  return {
    key: `${stop.operationId}:stop`,
    workspace: stop.workspace,
    operationId: stop.operationId,
    tone: 'warning',
    text: `${stop.workspace}: services stop ${when} for ${withArticle(stop.kind)} asked by ${stop.by}${stop.reason ? ` (${stop.reason})` : ''}, and are down for about ${writeDuration(stop.downtimeMs)}.`,
    ...lastTimes(stop.lastDowntimesMs),
    actions: stopActions(stop),
  };
}

function lastTimes(downtimes: readonly number[] = []): Pick<Message, 'details'> {
  if (downtimes.length === 0) return {};
  const [newest = '', ...older] = downtimes.map(writeDuration);
  const times = older.length === 0 ? 'the last time' : 'the last times, the newest first';
  return { details: [`Services were down for ${[newest, ...older].join(', ')} ${times}.`] };
}

interface Moved {
  readonly operationId: string;
  readonly workspace: string;
  readonly by: string;
  readonly stopsAt: Date;
  /** Nobody waits any longer. */
  readonly isNow: boolean;
}

export function stopMoved(stop: Moved): Message {
  const what = stop.isNow
    ? `${stop.by} starts it now; services stop at once.`
    : `${stop.by} postponed it; services now stop at ${writeMoment(stop.stopsAt)}.`;
  return {
    key: `${stop.operationId}:stop`,
    workspace: stop.workspace,
    operationId: stop.operationId,
    tone: 'info',
    text: `${stop.workspace}: ${what}`,
  };
}

/** What the plan leaves out or cannot promise, for those who look closer. */
export function planNotes(plan: BackupPlan): string[] {
  return [
    ...plan.leftOut.map(({ name, reason }) => `Not in the backup: ${name} (${reason}).`),
    ...plan.parts.filter((part) => part.capture === 'after-start').map((part) => `Not consistent: ${part.name}.`),
    ...plan.warnings,
  ];
}
