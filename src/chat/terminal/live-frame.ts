import type { OperationView } from '../../records/operation.ts';
import { writeDuration } from '../../records/time.ts';
import { type Colours, createColours } from './colours.ts';
import { progressWords, servicesWords, type TimeOfDay, titleWords, writeClock } from './live-words.ts';
import type { Measure } from './progress-meter.ts';
import { wrapped } from './reading.ts';

export interface FrameOptions {
  readonly now: Date;
  readonly measure: Measure;
  readonly colour: boolean;
  readonly timeOfDay: TimeOfDay;
  /** Which keys do what just now; empty where there are none. */
  readonly keys: string;
  /** What the picture has to fit into; absent where that does not matter. */
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

const MARK_WIDTH = 4;
const TIME_WIDTH = 7;
const GAP = 2;

type Step = OperationView['steps'][number];

function markOf(step: Step, paint: Colours): string {
  switch (step.state) {
    case 'done':
      return paint.green('✓');
    case 'failed':
      return paint.red('✗');
    case 'running':
      return paint.cyan('▸');
    case 'waiting':
      return paint.dim('·');
  }
}

function lastedMs(step: Step, now: Date): number | undefined {
  if (step.beganAt === undefined) return undefined;
  const until = step.endedAt === undefined ? now.getTime() : Date.parse(step.endedAt);
  return Math.max(0, until - Date.parse(step.beganAt));
}

/** One line, or two where what it is about has no room beside its name. */
function stepLine(step: Step, width: number, progress: string, options: FrameOptions, paint: Colours): string {
  const ms = lastedMs(step, options.now);
  const running = step.state === 'running';
  const time = ms === undefined ? '' : running ? writeClock(ms) : writeDuration(ms);
  const name = step.name.padEnd(width);
  const painted = step.state === 'waiting' ? paint.dim(name) : name;
  const head = `  ${markOf(step, paint)} ${painted}  ${paint.dim(time.padEnd(TIME_WIDTH))}`;
  const about = running ? progress : '';
  const { columns = Number.POSITIVE_INFINITY } = options;
  if (about === '' || width + MARK_WIDTH + TIME_WIDTH + 2 * GAP + about.length <= columns) {
    return `${head}  ${about}`.trimEnd();
  }
  return `${head.trimEnd()}\n    ${wrapped(about, columns, '    ')}`;
}

/** Of several steps at once, the one that began last is what the progress is about. */
function measuredStep(view: OperationView): Step | undefined {
  return view.steps
    .filter(({ state }) => state === 'running')
    .toSorted((one, other) => (one.beganAt ?? '').localeCompare(other.beganAt ?? ''))
    .at(-1);
}

function servicesColour(view: OperationView, paint: Colours): (text: string) => string {
  if (view.stopsAt !== undefined) return paint.yellow;
  return view.downSince !== undefined && view.downtimeMs === undefined ? paint.red : (text) => text;
}

/** In as few lines as there are: what is done first, then what is far ahead, becomes one line. */
function fitSteps(steps: readonly Step[], room: number): { steps: readonly Step[]; done: number; ahead: number } {
  if (steps.length <= room) return { steps, done: 0, ahead: 0 };
  const firstOpen = steps.findIndex(({ state }) => state !== 'done');
  const done = firstOpen === -1 ? steps.length : firstOpen;
  const rest = steps.slice(done);
  const begun = rest.filter(({ state }) => state !== 'waiting').length;
  const shown = Math.max(begun, rest.length <= room - 1 ? rest.length : room - 2);
  return { steps: rest.slice(0, shown), done, ahead: rest.length - Math.min(rest.length, shown) };
}

function stepLines(view: OperationView, room: number, options: FrameOptions, paint: Colours): string[] {
  // What an ended operation did not need is of no interest any more.
  const wanted = view.steps.filter(({ state }) => view.status === 'running' || state !== 'waiting');
  const { steps, done, ahead } = fitSteps(wanted, room);
  const width = Math.max(0, ...steps.map(({ name }) => name.length));
  const measured = measuredStep(view);
  const progress = progressWords(view, options.measure);
  return [
    ...(done > 0 ? [`  ${paint.green('✓')} ${done} steps`] : []),
    ...steps.map((step) => stepLine(step, width, step === measured ? progress : '', options, paint)),
    ...(ahead > 0 ? [`  ${paint.dim(`· ${ahead} more`)}`] : []),
  ];
}

/** Keys stand three spaces apart; one that has no room goes to the next line whole. */
function keyLines(keys: string, columns = Number.POSITIVE_INFINITY): string[] {
  const lines: string[] = [];
  for (const key of keys.split(/ {3,}/)) {
    const longer = `${lines.at(-1)}   ${key}`;
    if (lines.length > 0 && longer.length + GAP <= columns) lines[lines.length - 1] = longer;
    else lines.push(key);
  }
  return lines;
}

/** One picture of an operation for a terminal that can redraw; a pure function of what is known. */
export function renderFrame(view: OperationView, options: FrameOptions): string {
  const { columns, rows = Number.POSITIVE_INFINITY, keys } = options;
  const paint = createColours(options.colour);
  const ended = view.status !== 'running';
  const title = wrapped(titleWords(view), columns, '  ').split('\n');
  const services = ended ? '' : servicesWords(view, options.now, options.timeOfDay);
  const around = [
    ...(services === '' ? [] : wrapped(services, columns === undefined ? columns : columns - GAP).split('\n')).map(
      (line) => `  ${servicesColour(view, paint)(line)}`,
    ),
    ...(keys === '' || ended ? [] : keyLines(keys, columns).map((line) => `  ${paint.dim(line)}`)),
  ];
  // One line for the cursor, two more for a progress that needs lines of its own.
  const room = Math.max(3, rows - title.length - around.length - 3);
  return [...title.map((line) => paint.bold(line)), ...stepLines(view, room, options, paint), ...around].join('\n');
}
