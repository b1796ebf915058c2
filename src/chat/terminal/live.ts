import { createLogUpdate } from 'log-update';
import type { Clock } from '../../clock.ts';
import type { OperationView } from '../../records/operation.ts';
import type { Tone } from '../answer.ts';
import { renderFrame } from './live-frame.ts';
import { progressWords, servicesWords, type TimeOfDay, titleWords, writeClock } from './live-words.ts';
import { createProgressMeter, type Measure } from './progress-meter.ts';
import { renderSaid } from './render.ts';

/** What a person sees of a running operation. Everything goes to one stream, which is not the one of the answer. */
export interface Live {
  show(view: OperationView): void;
  /** One line that stays. */
  say(text: string, tone: Tone): void;
  /** Which keys do what just now. */
  offer(keys: string): void;
  /** Draws the last picture for good and stops. May be repeated. */
  end(): void;
}

export interface LiveOptions {
  readonly stream: NodeJS.WriteStream;
  readonly colour: boolean;
  readonly clock: Clock;
  readonly timeOfDay: TimeOfDay;
  /** Of the moments in what is said. */
  readonly timeZone?: string | undefined;
}

const REDRAW_MS = 1_000;
const LINE_EVERY_MS = 10_000;
/** A countdown says nothing new: it would fill a log. */
const COUNTDOWN_LINE_EVERY_MS = 60_000;

export function createLive(options: LiveOptions): Live {
  // A terminal that was never told its size has no room for a picture.
  const canRedraw = options.stream.isTTY && options.stream.rows !== 0;
  return canRedraw ? createPicture(options) : createLines(options);
}

/** On a terminal: one picture, redrawn each second so that its clocks tick. */
export function createPicture({ stream, colour, clock, timeOfDay, timeZone }: LiveOptions): Live {
  const update = createLogUpdate(stream);
  const meter = createProgressMeter();
  let view: OperationView | undefined;
  let measure: Measure = {};
  let keys = '';
  let drawnHeight = 0;
  const draw = () => {
    if (!view) return;
    const { columns, rows } = stream;
    const frame = renderFrame(view, { now: clock.now(), measure, colour, timeOfDay, keys, columns, rows });
    const height = frame.split('\n').length;
    // log-update 7 loses lines when a picture grows or shrinks in its middle.
    if (height !== drawnHeight) update.clear();
    drawnHeight = height;
    update(frame);
  };
  const redraw = setInterval(draw, REDRAW_MS).unref();
  return {
    show(next) {
      view = next;
      measure = meter.observe(next, clock.now());
      draw();
    },
    say(text, tone) {
      update.clear();
      stream.write(`${renderSaid(text, tone, { colour, timeZone, columns: stream.columns })}\n`);
      draw();
    },
    offer(next) {
      keys = next;
      draw();
    },
    end() {
      clearInterval(redraw);
      keys = '';
      draw();
      update.done();
      view = undefined;
    },
  };
}

/** On a pipe: one line whenever the step changes, and now and then in between. */
export function createLines({ stream, colour, clock, timeOfDay, timeZone }: LiveOptions): Live {
  const meter = createProgressMeter();
  let before = '';
  let saidOfServices = '';
  let titled = false;
  let lastAt = 0;
  return {
    show(view) {
      const now = clock.now();
      const measure = meter.observe(view, now);
      const running = view.steps.filter(({ state }) => state === 'running').map(({ name }) => name);
      const failed = view.steps.filter(({ state }) => state === 'failed').map(({ name }) => `${name} failed`);
      const where = [...failed, ...running].join(', ');
      if (!titled) stream.write(`${titleWords(view)}\n`);
      titled = true;
      const every = view.stopsAt === undefined ? LINE_EVERY_MS : COUNTDOWN_LINE_EVERY_MS;
      const stays = `${where} ${view.stopsAt ?? ''} ${view.downSince ?? ''} ${view.downtimeMs ?? ''}`;
      if (where === '' || (stays === before && now.getTime() - lastAt < every)) return;
      before = stays;
      lastAt = now.getTime();
      const elapsed = writeClock(now.getTime() - Date.parse(view.startedAt));
      const services = servicesWords(view, now, timeOfDay);
      const words = [where, progressWords(view, measure), services === saidOfServices ? '' : services];
      saidOfServices = services;
      stream.write(`[${elapsed}] ${words.filter((piece) => piece !== '').join('; ')}\n`);
    },
    say(text, tone) {
      stream.write(`${renderSaid(text, tone, { colour, timeZone })}\n`);
    },
    offer: () => undefined,
    end: () => undefined,
  };
}
