import type { OperationKind } from '../../records/operation.ts';
import type { BackupPlan } from '../../records/plan.ts';
import { writeDuration } from '../../records/time.ts';
import type { Message } from '../chat.ts';
import { writeKind, writeMoment } from './words.ts';

interface Stop {
  readonly operationId: string;
  readonly kind: OperationKind;
  readonly workspace: string;
  readonly by: string;
  readonly reason?: string | undefined;
  readonly stopsAt: Date;
  readonly noticeMs: number;
  readonly downtimeMs: number;
}

/** Said before services stop; said again, with the same key, when the moment moves. */
export function servicesStop(stop: Stop): Message {
  const when = stop.noticeMs === 0 ? 'now' : `in ${writeDuration(stop.noticeMs)} (${writeMoment(stop.stopsAt)})`;
  return {
    key: `${stop.operationId}:stop`,
    workspace: stop.workspace,
    operationId: stop.operationId,
    tone: 'warning',
    text: `${stop.workspace}: services stop ${when} for ${article(stop.kind)} asked by ${stop.by}${stop.reason ? ` (${stop.reason})` : ''}, and are down for about ${writeDuration(stop.downtimeMs)}.`,
    actions: [
      { word: 'postpone', given: { subject: stop.operationId, by: '30m' }, label: 'Postpone 30 min' },
      {
        word: 'cancel',
        given: { subject: stop.operationId },
        label: 'Cancel',
        style: 'danger',
        confirm: `The ${writeKind(stop.kind)} of ${stop.workspace} is cancelled for everybody.`,
      },
    ],
  };
}

function article(kind: OperationKind): string {
  return `${/^[aeiou]/.test(writeKind(kind)) ? 'an' : 'a'} ${writeKind(kind)}`;
}

export function stopPostponed(stop: { operationId: string; workspace: string; by: string; stopsAt: Date }): Message {
  return {
    key: `${stop.operationId}:stop`,
    workspace: stop.workspace,
    operationId: stop.operationId,
    tone: 'info',
    text: `${stop.workspace}: ${stop.by} postponed it; services now stop at ${writeMoment(stop.stopsAt)}.`,
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
