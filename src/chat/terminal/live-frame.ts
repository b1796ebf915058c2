import type { OperationView } from '../../records/operation.ts';
import { writeDuration } from '../../records/time.ts';
import { type Colours, createColours } from './colours.ts';
import { progressWords, servicesWords, type TimeOfDay, titleWords, writeClock } from './live-words.ts';
import type { Measure } from './progress-meter.ts';

export interface FrameOptions {
  readonly now: Date;
  readonly measure: Measure;
  readonly colour: boolean;
  readonly timeOfDay: TimeOfDay;
  /** Which keys do what just now; empty where there are none. */
  readonly keys: string;
}

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

function stepLine(step: Step, width: number, progress: string, options: FrameOptions, paint: Colours): string {
  const ms = lastedMs(step, options.now);
  const running = step.state === 'running';
  const time = ms === undefined ? '' : running ? writeClock(ms) : writeDuration(ms);
  const name = step.name.padEnd(width);
  const about = [paint.dim(time.padEnd(7)), running ? progress : ''].join('  ').trimEnd();
  return `  ${markOf(step, paint)} ${step.state === 'waiting' ? paint.dim(name) : name}  ${about}`.trimEnd();
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

/** One picture of an operation for a terminal that can redraw; a pure function of what is known. */
export function renderFrame(view: OperationView, options: FrameOptions): string {
  const paint = createColours(options.colour);
  const ended = view.status !== 'running';
  // What an ended operation did not need is of no interest any more.
  const steps = view.steps.filter(({ state }) => !ended || state !== 'waiting');
  const width = Math.max(0, ...steps.map(({ name }) => name.length));
  const measured = measuredStep(view);
  const progress = progressWords(view, options.measure);
  const lines = [paint.bold(titleWords(view))];
  for (const step of steps) lines.push(stepLine(step, width, step === measured ? progress : '', options, paint));
  if (ended) return lines.join('\n');
  const services = servicesWords(view, options.now, options.timeOfDay);
  if (services !== '') lines.push(`  ${servicesColour(view, paint)(services)}`);
  if (options.keys !== '') lines.push(`  ${paint.dim(options.keys)}`);
  return lines.join('\n');
}
