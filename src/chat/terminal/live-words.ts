import type { OperationView } from '../../records/operation.ts';
import { writeDuration } from '../../records/time.ts';
import { isOfSchedule, writeAsker, writeCount, writeKind, writeSize } from '../messages/words.ts';
import { plainLine } from './plain.ts';
import type { Measure } from './progress-meter.ts';

/** The time of day at a moment, as the person at the terminal reads it. */
export type TimeOfDay = (moment: Date) => string;

/** A clock face: whole seconds, so that it ticks. */
export function writeClock(ms: number): string {
  return ms < 1000 ? '0s' : writeDuration(Math.floor(ms / 1000) * 1000);
}

function ofTotal(done: string, total: string | undefined): string {
  return total === undefined ? done : `${done} of ${total}`;
}

/** `43%, 1,203 of 4,500 files, 1.2 GB of 2.9 GB, about 2m left`; totals only once they stand. */
export function progressWords({ progress }: OperationView, { percent }: Measure): string {
  if (!progress) return '';
  const { filesDone, filesTotal, bytesDone, bytesTotal, remainingMs, note } = progress;
  const stands = percent !== undefined;
  const words: string[] = [];
  if (stands) words.push(`${percent}%`);
  if (stands && filesTotal) words.push(`${(filesDone ?? 0).toLocaleString('en')} of ${writeCount(filesTotal, 'file')}`);
  else if (filesDone) words.push(writeCount(filesDone, 'file'));
  if (bytesDone || (stands && bytesTotal)) {
    words.push(ofTotal(writeSize(bytesDone ?? 0), stands && bytesTotal ? writeSize(bytesTotal) : undefined));
  }
  if (stands && remainingMs) words.push(`about ${writeClock(remainingMs)} left`);
  if (note) words.push(plainLine(note));
  return words.join(', ');
}

/** What people who use the workspace feel: when services stop, that they are down, how long they were. */
export function servicesWords(view: OperationView, now: Date, timeOfDay: TimeOfDay): string {
  if (view.stopsAt !== undefined && view.status === 'running') {
    const stopsAt = new Date(view.stopsAt);
    const leftMs = stopsAt.getTime() - now.getTime();
    return leftMs > 0 ? `services stop in ${writeClock(leftMs)} (at ${timeOfDay(stopsAt)})` : 'services stop now';
  }
  if (view.downtimeMs !== undefined) return `services were down for ${writeDuration(view.downtimeMs)}`;
  if (view.downSince === undefined) return '';
  return `services are down for ${writeClock(now.getTime() - Date.parse(view.downSince))}`;
}

export function titleWords(view: OperationView): string {
  const { by, reason } = view;
  const asked = reason === undefined || isOfSchedule(by, reason) ? writeAsker(by, reason) : `${by}: ${reason}`;
  return `${writeKind(view.kind)} of ${view.workspace} (${view.id}), asked by ${plainLine(asked)}`;
}

/** How an operation ended, in one line; empty while it runs. */
export function endWords(view: OperationView): string {
  if (view.status === 'running') return '';
  const lastedMs = Date.parse(view.endedAt ?? view.startedAt) - Date.parse(view.startedAt);
  const what =
    view.status === 'cancelled' ? 'was cancelled after' : `${view.status} ${view.status === 'failed' ? 'after' : 'in'}`;
  const services = servicesWords(view, new Date(view.endedAt ?? view.startedAt), () => '');
  const line = `The ${writeKind(view.kind)} of ${view.workspace} ${what} ${writeDuration(lastedMs)}${services === '' ? '' : `; ${services}`}.`;
  return view.error ? `${line} ${plainLine(view.error.message)}` : line;
}
