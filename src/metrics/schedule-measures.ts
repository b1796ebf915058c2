import { Counter, Gauge, type Registry } from 'prom-client';
import type { ScheduleState } from '../records/schedule-state.ts';

const BAD = new Set(['missed', 'put-off', 'failed']);

/** Tells what became of schedules, in names after VolSync's and K8up's. */
export function createScheduleMeasures(registry: Registry) {
  const common = { labelNames: ['schedule'] as const, registers: [registry] };
  const gauge = (name: string, help: string) => new Gauge({ name: `cml_schedule_${name}`, help, ...common });
  const missedIntervals = new Counter({
    name: 'cml_missed_intervals_total',
    help: 'Times of a schedule that nobody was there for, since the server started',
    ...common,
  });
  const paused = gauge('paused', '1 while a person has paused it');
  const lastFired = gauge('last_fired_timestamp', 'When its newest slot was begun, unix time; 0: never');
  const lastStatus = gauge('last_status', '1 when its newest slot was dealt with, 0 when missed, put off or failed');
  /** The newest missed slot that was counted, by schedule; those from before the first look are not counted. */
  const counted = new Map<string, string>();

  /** A state keeps few missed slots, so they are counted as they come. */
  function countMissed({ id: schedule, missed }: ScheduleState): void {
    const last = counted.get(schedule);
    const slots = missed.map(({ slotAt }) => slotAt).sort();
    missedIntervals.inc({ schedule }, last === undefined ? 0 : slots.filter((slotAt) => slotAt > last).length);
    counted.set(schedule, [last ?? '', ...slots].sort().at(-1) ?? '');
  }

  return {
    measure(states: readonly ScheduleState[]): void {
      for (const one of [paused, lastFired, lastStatus]) one.reset();
      for (const state of states) {
        const { id: schedule, lastFiredAt, lastOutcome } = state;
        countMissed(state);
        paused.set({ schedule }, state.paused ? 1 : 0);
        lastFired.set({ schedule }, lastFiredAt === undefined ? 0 : Date.parse(lastFiredAt) / 1000);
        if (lastOutcome) lastStatus.set({ schedule }, BAD.has(lastOutcome.status) ? 0 : 1);
      }
    },
  };
}
