import { type Due, decideDue } from '../../src/schedule/decide-due.ts';
import type { ScheduleSettings } from '../../src/schedule/settings.ts';
import { MINUTE } from './wall-clock.ts';

/** A schedule's life, minute by minute: what was done when. The server's ticks are every minute that it is up. */
export interface Life {
  readonly fired: { readonly slotAt: number; readonly at: number; readonly isLate: boolean }[];
  readonly missed: { readonly slotAt: number; readonly at: number; readonly because: string }[];
  readonly skipped: { readonly slotAt: number; readonly at: number; readonly because: string }[];
}

export interface World {
  readonly settings: ScheduleSettings;
  readonly from: number;
  readonly until: number;
  /** Times at which no server runs, in their order: from the first up to the second. */
  readonly downs?: readonly (readonly [from: number, until: number])[];
  readonly forecastMs?: number;
  readonly noticeMs?: number;
  readonly paused?: readonly [from: number, until: number];
  readonly skip?: { readonly slotAt: string; readonly by: string };
  /** What the server's clock shows at a true moment. */
  readonly clock?: (at: number) => number;
  /** Looks at each minute, even where the schedule says that nothing comes for long. */
  readonly isPatient?: boolean;
}

export function live(world: World): Life {
  const { from, until, downs = [], clock = (at) => at } = world;
  const life: Life = { fired: [], missed: [], skipped: [] };
  const state: { id: string; lastSlotAt?: string; lastFiredAt?: string } = { id: 'ml/nightly' };
  state.lastSlotAt = new Date(clock(from)).toISOString();
  let at = from;
  let before: number | undefined;
  const beginning = downs.map(([down]) => down);
  while (at <= until) {
    const down = downs.findLast(([begin, end]) => begin <= at && at < end);
    if (down) {
      at = Math.ceil(down[1] / MINUTE) * MINUTE;
      before = undefined;
      continue;
    }
    const due = decideAll(world, state, life, { shown: clock(at), before, at });
    before = clock(at);
    const jump =
      due.type === 'wait' && due.nextAt && !world.isPatient && !world.clock ? due.nextAt.getTime() - 3 * MINUTE : 0;
    const nextDown = beginning.find((begin) => begin > at) ?? Number.POSITIVE_INFINITY;
    at = Math.max(at + MINUTE, Math.min(jump, nextDown));
  }
  return life;
}

interface Tick {
  readonly shown: number;
  readonly before: number | undefined;
  readonly at: number;
}

function decideAll(
  world: World,
  state: { id: string; lastSlotAt?: string; lastFiredAt?: string },
  life: Life,
  { shown, before, at }: Tick,
): Due {
  for (let asked = 0; asked < 50; asked += 1) {
    const isPaused = world.paused && world.paused[0] <= at && at < world.paused[1];
    const due = decideDue({
      settings: world.settings,
      state: { ...state, ...(isPaused && { paused: { by: 'ada' } }), ...(world.skip && { skip: world.skip }) },
      now: new Date(shown),
      lastTickAt: before === undefined ? undefined : new Date(before),
      forecastMs: world.forecastMs,
      noticeMs: world.noticeMs,
    });
    if (due.type === 'wait') return due;
    const reached =
      due.type === 'missed' ? due.slots.at(-1) : due.type === 'clock-went-back' ? due.lookFrom : due.slotAt;
    if (reached === undefined) throw new Error('missed nothing');
    state.lastSlotAt = reached.toISOString();
    if (due.type === 'fire') {
      state.lastFiredAt = new Date(shown).toISOString();
      life.fired.push({ slotAt: due.slotAt.getTime(), at, isLate: due.isLate });
    }
    if (due.type === 'missed')
      life.missed.push(...due.slots.map((slot) => ({ slotAt: slot.getTime(), at, because: due.because })));
    if (due.type === 'skip') life.skipped.push({ slotAt: due.slotAt.getTime(), at, because: due.because });
  }
  throw new Error(`asked for ever at ${new Date(at).toISOString()}`);
}
