import type { Answer } from '../src/chat/answer.ts';
import { writeCount, writeMoment } from '../src/chat/messages/words.ts';
import type { ScheduleView } from '../src/orchestrator/schedules.ts';
import { writeDuration } from '../src/records/time.ts';
import type { Fired } from '../src/schedule/schedule.ts';
import { asJson } from './answers.ts';

/** More schedules than this are shown with their next time only. */
const SHOWN_WHOLE = 8;
/** Missed slots that are named. */
const SHOWN_MISSED = 3;
const NOT_RESIDENT =
  'this server was started by a word and not as a service: after the machine has been started again nothing begins until somebody says a word. Run it as a service: cml serve';

/** What happens unasked, and when. */
export function answerSchedules(views: readonly ScheduleView[], isResident: boolean): Answer {
  const paused = views.filter(({ state }) => state.paused);
  const isWhole = views.length <= SHOWN_WHOLE;
  return {
    text:
      views.length === 0
        ? 'Nothing is scheduled.'
        : `${writeCount(views.length, 'schedule')}${paused.length === 0 ? '' : `, ${paused.length} paused`}.`,
    tone: views.some(isInTrouble) || (views.length > 0 && !isResident) ? 'warning' : 'info',
    ...(views.length === 0
      ? { hint: 'Write one under workspaces.<workspace>.schedules in cml.yaml.' }
      : {
          table: {
            columns: ['Schedule', 'Does', 'When', 'Next', 'Last'],
            rows: views.map((view) => [
              view.schedule.id,
              view.schedule.does,
              whenText(view),
              nextText(view),
              lastText(view),
            ]),
            dispensable: ['Does', 'Last'],
          },
        }),
    fields: [
      ...(isWhole ? views : []).flatMap(({ schedule, next }): [string, string][] =>
        next.length < 2 ? [] : [[`Next of ${schedule.id}`, next.map(({ at }) => writeMoment(at)).join(', ')]],
      ),
      ...residence(views, isResident),
    ],
    json: asJson({ schedules: views, isResident }),
  };
}

/** One schedule, or those of one workspace, with all that is known of them. */
export function answerSchedule(views: readonly ScheduleView[], isResident: boolean): Answer {
  return {
    text: views
      .map(
        ({ schedule, words }) => `${schedule.id}: ${schedule.does}, ${lowerFirst(words)} (${schedule.settings.zone}).`,
      )
      .join(' '),
    tone: views.some(isInTrouble) ? 'warning' : 'info',
    fields: [...views.flatMap(fieldsOf), ...residence(views, isResident)],
    json: asJson({ schedules: views, isResident }),
  };
}

export function answerScheduleChanged(did: 'paused' | 'resumed' | 'skipped', views: readonly ScheduleView[]): Answer {
  const says = {
    paused: 'is paused: nothing of it begins until it is resumed. What runs now goes on.',
    resumed: 'is resumed. Nothing is caught up.',
    skipped: 'leaves out its next time.',
  }[did];
  return {
    text: views.map(({ schedule }) => `${schedule.id} ${says}`).join(' '),
    tone: 'good',
    fields: views.flatMap((view): [string, string][] =>
      did === 'paused' ? [] : [[`Next of ${view.schedule.id}`, nextText(view)]],
    ),
    json: asJson({ schedules: views }),
  };
}

export function answerFired({ id, fired }: { readonly id: string; readonly fired: Fired }): Answer {
  const json = asJson({ schedule: id, ...fired });
  if (fired.status === 'launched') {
    const { operationId } = fired;
    return {
      text: `${id} has begun now as ${operationId}. Its next time stays as it is.`,
      ...{ tone: 'info', json, follow: operationId },
      hint: `Follow it: cml status ${operationId} --follow`,
    };
  }
  const because = fired.because === undefined ? '' : `: ${fired.because}`;
  const became = { done: 'is done', skipped: 'had nothing to do', 'put-off': 'was put off' }[fired.status];
  return { text: `${id} ${became}${because}.`, tone: fired.status === 'done' ? 'good' : 'warning', json };
}

function fieldsOf(view: ScheduleView): [string, string][] {
  const { schedule, next, state } = view;
  const { window, blackout, notice, jitter, misfire } = schedule.settings;
  const label = (text: string) => `${schedule.name}: ${text}`;
  return [
    [label('when'), whenText(view)],
    [label('next'), next.length === 0 ? nextText(view) : next.map(({ at }) => writeMoment(at)).join(', ')],
    ...(window === undefined ? [] : [[label('window'), windowWords(window)] as [string, string]]),
    ...(blackout.length === 0 ? [] : [[label('never on'), blackout.join(', ')] as [string, string]]),
    ...(notice === undefined ? [] : [[label('notice'), writeDuration(notice)] as [string, string]]),
    ...(jitter === 0 ? [] : [[label('spread over'), writeDuration(jitter)] as [string, string]]),
    [label('after downtime'), misfire === 'run' ? 'run at once while its window is open' : 'only reported'],
    [label('last'), lastText(view)],
    ...state.missed
      .slice(-SHOWN_MISSED)
      .map(({ slotAt, because }): [string, string] => [label('missed'), `${writeMoment(slotAt)}: ${because}`]),
  ];
}

function residence(views: readonly ScheduleView[], isResident: boolean): [string, string][] {
  return isResident || views.length === 0 ? [] : [['Note', NOT_RESIDENT]];
}

function windowWords(window: string | Readonly<Record<string, string>>): string {
  if (typeof window === 'string') return window;
  return Object.entries(window)
    .map(([days, hours]) => `${days} ${hours}`)
    .join(', ');
}

function whenText({ words, schedule }: ScheduleView): string {
  return `${words} (${schedule.settings.zone})`;
}

function nextText({ next, state, schedule }: ScheduleView): string {
  const { paused, skip } = state;
  if (paused) return `paused by ${paused.by}${paused.reason === undefined ? '' : `: ${paused.reason}`}`;
  const [first] = next;
  const skips = skip ? ` (${writeMoment(skip.slotAt)} is left out)` : '';
  return first ? `${writeMoment(first.at)}${skips}` : `never: no date of "${schedule.settings.when}" is left`;
}

function lastText({ state, last }: ScheduleView): string {
  const outcome = state.lastOutcome;
  if (!outcome) return 'never yet';
  const at = writeMoment(outcome.slotAt);
  const became = outcome.status === 'launched' && last ? `${last.id} ${last.status}` : outcome.status;
  const why = outcome.because ?? last?.error?.message;
  return `${at}: ${became}${why === undefined ? '' : `, ${why}`}`;
}

function isInTrouble({ state, last }: ScheduleView): boolean {
  const status = state.lastOutcome?.status;
  return status === 'missed' || status === 'put-off' || status === 'failed' || last?.status === 'failed';
}

function lowerFirst(text: string): string {
  return `${text.slice(0, 1).toLowerCase()}${text.slice(1)}`;
}
