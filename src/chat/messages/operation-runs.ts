import type { OperationView } from '../../records/operation.ts';
import { writeDuration } from '../../records/time.ts';
import type { Message } from '../chat.ts';
import { cancelAction, stopActions } from './stop-actions.ts';
import { isOfSchedule, withArticle, writeAsker, writeCount, writeMoment, writeSize } from './words.ts';

/** What is counted down aloud, in minutes: more often is noise, less often surprises. */
const MARKS = [60, 30, 15, 5, 1];
const MINUTE_MS = 60_000;

/** `in less than 15 min`: changes only when a mark is passed. */
export function timeLeft(stopsAt: Date, now: Date): string {
  const minutes = (stopsAt.getTime() - now.getTime()) / MINUTE_MS;
  if (minutes <= 0) return 'now';
  const mark = MARKS.findLast((candidate) => minutes <= candidate);
  if (mark !== undefined) return `in less than ${mark} min`;
  return `in more than ${writeDuration(Math.floor((minutes - 0.001) / 60) * 60 * MINUTE_MS)}`;
}

/** `1.2 GB of 2.9 GB, 43%`: how far the step is that runs; empty where nobody knows. */
export function progressSentence({ progress }: OperationView): string {
  if (!progress) return '';
  const { bytesDone = 0, bytesTotal, filesDone = 0, filesTotal, remainingMs, note } = progress;
  const bytes = bytesTotal ? `${writeSize(bytesDone)} of ${writeSize(bytesTotal)}` : bytesDone && writeSize(bytesDone);
  const files = filesTotal
    ? `${filesDone.toLocaleString('en')} of ${writeCount(filesTotal, 'file')}`
    : filesDone && writeCount(filesDone, 'file');
  const percent = bytesTotal ? `${Math.min(100, Math.floor((bytesDone / bytesTotal) * 100))}%` : '';
  const left = bytesTotal && remainingMs ? `about ${writeDuration(Math.ceil(remainingMs / 1_000) * 1_000)} left` : '';
  return [percent, bytes, files, left, note].filter(Boolean).join(', ');
}

/** An operation that has not ended, as it stands at this moment. */
export function operationRuns(view: OperationView, now: Date): Message {
  const { id, kind, workspace } = view;
  const isStopping = view.stopsAt !== undefined;
  return {
    key: id,
    workspace,
    operationId: id,
    tone: isDown(view) || isStopping ? 'warning' : 'info',
    text: `${workspace}: ${sentence(view, now)}`,
    ...(isStopping
      ? { actions: stopActions({ operationId: id, workspace, kind }) }
      : { actions: [cancelAction({ operationId: id, workspace, kind })] }),
  };
}

function isDown({ downSince, downtimeMs }: OperationView): boolean {
  return downSince !== undefined && downtimeMs === undefined;
}

function sentence(view: OperationView, now: Date): string {
  const why = `${withArticle(view.kind)} asked by ${writeAsker(view.by, view.reason)}`;
  const current = view.steps.findLast(({ state }) => state === 'running');
  const progress = progressSentence(view);
  const doing = current ? ` Now: ${current.name}${progress === '' ? '' : `, ${progress}`}.` : '';
  if (view.stopsAt !== undefined) {
    const stopsAt = new Date(view.stopsAt);
    return `services stop ${timeLeft(stopsAt, now)} (${writeMoment(stopsAt)}) for ${why}.`;
  }
  if (isDown(view)) return `SERVICES ARE DOWN since ${writeMoment(view.downSince ?? now)} for ${why}.${doing}`;
  if (view.downtimeMs !== undefined) {
    return `services are up again after ${writeDuration(view.downtimeMs)}; ${why} goes on.${doing}`;
  }
  return `${why} runs.${doing}`;
}

/** `Asked by bob: before the upgrade`, `Approved by carol and dave.`, for the summary of what ended. */
export function askedBy({ by, reason, approvedBy }: Pick<OperationView, 'by' | 'reason' | 'approvedBy'>): string[] {
  const asked =
    reason && !isOfSchedule(by, reason) ? `Asked by ${by}: ${reason}` : `Asked by ${writeAsker(by, reason)}.`;
  return approvedBy ? [asked, `Approved by ${approvedBy.join(' and ')}.`] : [asked];
}

/** What is told once when it happens, beside the picture that is redrawn. */
export function milestonesOf(view: OperationView): Message[] {
  const { id, workspace } = view;
  const about = { workspace, operationId: id };
  const down: Message[] =
    view.downSince === undefined && view.downtimeMs === undefined
      ? []
      : [{ ...about, key: `${id}:down`, tone: 'warning', text: `${workspace}: services were stopped.` }];
  if (view.downtimeMs === undefined) return down;
  const text = `${workspace}: services are up again; they were down for ${writeDuration(view.downtimeMs)}.`;
  return [...down, { ...about, key: `${id}:up`, tone: 'good', text }];
}
