import type { OperationKind } from '../../records/operation.ts';
import type { BackupPlan } from '../../records/plan.ts';
import { writeDuration } from '../../records/time.ts';
import type { Affected, Message } from '../chat.ts';
import { stopActions } from './stop-actions.ts';
import { withArticle, writeAsker, writeMoment } from './words.ts';

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
  readonly affects?: readonly Affected[];
}

/** Said before services stop; said again, with the same key, when the moment moves. */
export function servicesStop(stop: Stop): Message {
  const when = stop.noticeMs === 0 ? 'now' : `in ${writeDuration(stop.noticeMs)} (${writeMoment(stop.stopsAt)})`;
  return {
    key: `${stop.operationId}:stop`,
    workspace: stop.workspace,
    operationId: stop.operationId,
    tone: 'warning',
    text: `${stop.workspace}: services stop ${when} for ${withArticle(stop.kind)} asked by ${writeAsker(stop.by, stop.reason)}, and are down for about ${writeDuration(stop.downtimeMs)}.`,
    ...notesOf(stop),
    actions: stopActions(stop),
  };
}

function notesOf({ lastDowntimesMs, affects = [] }: Stop): Pick<Message, 'details' | 'affects'> {
  const details = [...lastTimes(lastDowntimesMs), ...workOf(affects)];
  return { ...(details.length === 0 ? {} : { details }), ...(affects.length === 0 ? {} : { affects }) };
}

function workOf(affects: readonly Affected[]): string[] {
  if (affects.length === 0) return [];
  const all = affects.map(({ owner, what }) => `${owner ?? 'somebody we do not know'} (${what})`);
  return [`Ends with it: what runs for ${all.join(', ')}.`];
}

/** To somebody whose work ends with the stop. */
export function endsWork(stop: Message, what: string): Message {
  const { affects: _, actions: __, ...said } = stop;
  return { ...said, details: [`What you run there ends with it: ${what}. Save what you need.`] };
}

/** To them, when it became otherwise. */
export function workMoved(message: Message): Message {
  const { affects: _, actions: __, details: ___, ...said } = message;
  return said;
}

function lastTimes(downtimes: readonly number[] = []): string[] {
  if (downtimes.length === 0) return [];
  const [newest = '', ...older] = downtimes.map(writeDuration);
  const times = older.length === 0 ? 'the last time' : 'the last times, the newest first';
  return [`Services were down for ${[newest, ...older].join(', ')} ${times}.`];
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
