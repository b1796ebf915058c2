import type { Clock } from '../clock.ts';
import { AppError, explain } from '../errors.ts';
import type { Log } from '../log.ts';
import type { ScheduleOutcome, ScheduleState } from '../records/schedule-state.ts';
import { type Due, decideDue } from './decide-due.ts';
import { failureOf, refusalOf } from './refusal.ts';
import type { Fired, Scheduled } from './schedule.ts';
import { begunAnew, fired, firing, missed, outcomeOf, skipped, unfired } from './slot-states.ts';
import { someAtOnce } from './some-at-once.ts';
import { tickEveryMinute } from './tick.ts';

export interface SchedulerWorld {
  /** As configured now. The same objects as long as nothing was changed. */
  schedules(): readonly Scheduled[];
  readonly states: {
    get(id: string): Promise<ScheduleState>;
    change(id: string, decide: (now: ScheduleState) => ScheduleState | undefined): Promise<ScheduleState>;
  };
  readonly clock: Clock;
  /** Begins what is due. May take long: it waits until there is room for it. */
  fire(schedule: Scheduled, slotAt: Date): Promise<Fired>;
  /** The operation that stands on record for this slot, if one was begun. */
  findBegun(schedule: Scheduled, slotAt: Date): Promise<string | undefined>;
  mayBeginAgain(schedule: Scheduled): boolean;
  /** How long people are warned, and how long all takes by past runs; asked only when something is due. */
  lengthsOf(schedule: Scheduled): Promise<{ readonly noticeMs?: number; readonly forecastMs?: number }>;
  /** Tells people what became of a slot. */
  tell(schedule: Scheduled, outcome: ScheduleOutcome): Promise<void>;
  readonly log: Log;
  onBug(error: unknown): void;
}

export interface Scheduler {
  /** Looks at what an earlier life began and did not finish, then ticks once a minute. */
  begin(): Promise<void>;
  /** Looks at every schedule now. Never rejects. */
  tick(): Promise<void>;
  end(): void;
  lastTickAt(): Date | undefined;
  /** Waits until what is being begun has begun, or was refused, and people were told of it. */
  settled(): Promise<void>;
}

/** A look that is longer ago, because the machine slept, says nothing of when something was written. */
const LOOKED_MS = 120_000;

/**
 * Begins what is due. A slot is written down before anything is begun for it, so that it is begun once at most, whenever
 * the process ends. Nothing is looked at before it can be due: thousands of schedules cost nothing in most minutes.
 */
export function createScheduler(world: SchedulerWorld): Scheduler {
  const { states, clock, log } = world;
  /** Nothing is due before. By schedule; another object means that the configuration was changed. */
  const rests = new Map<string, { readonly schedule: Scheduled; readonly until: Date | undefined }>();
  const beginning = new Map<string, Promise<void>>();
  let lastTickAt: Date | undefined;
  let isTicking = false;
  let telling = Promise.resolve();
  let stopTicking = (): void => undefined;

  async function tick(): Promise<void> {
    if (isTicking) return;
    isTicking = true;
    try {
      const now = clock.now();
      if (lastTickAt && now < lastTickAt) rests.clear(); // the clock was set back
      const due = world.schedules().filter((schedule) => mayBeDue(schedule, now));
      await someAtOnce(due, (schedule) => unlessItFails(schedule, () => lookAt(schedule)));
      lastTickAt = now;
    } catch (error) {
      world.onBug(error);
    } finally {
      isTicking = false;
    }
  }

  function mayBeDue(schedule: Scheduled, now: Date): boolean {
    const rest = rests.get(schedule.id);
    return rest?.schedule !== schedule || (rest.until !== undefined && now >= rest.until);
  }

  /** What cannot be written down is not begun either; the next minute tries again. */
  async function unlessItFails(schedule: Scheduled, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      log.error({ schedule: schedule.id, error: explain(error) }, 'a schedule could not be looked at');
    }
  }

  async function lookAt(schedule: Scheduled): Promise<void> {
    for (;;) {
      const now = clock.now();
      const due = await decide(schedule, now);
      if (due.type === 'wait') {
        rests.set(schedule.id, { schedule, until: due.nextAt });
        return;
      }
      await deal(schedule, due, now);
    }
  }

  async function decide(schedule: Scheduled, now: Date): Promise<Due> {
    const { id, settings } = schedule;
    const known = await states.get(id);
    // Asked first, because a write costs a trip to the disk for each of thousands at every start.
    const from = knownSince(now);
    const isNew = begunAnew(known, settings, from) !== undefined;
    const state = isNew ? await states.change(id, (standing) => begunAnew(standing, settings, from)) : known;
    const question = { settings, state, now, lastTickAt };
    const due = decideDue(question);
    if (due.type !== 'fire') return due;
    return decideDue({ ...question, ...(await world.lengthsOf(schedule)) });
  }

  /** What is seen for the first time was written after the last look: its slot of this very minute is one to come. */
  function knownSince(now: Date): Date {
    const sinceMs = lastTickAt ? now.getTime() - lastTickAt.getTime() : -1;
    return lastTickAt && sinceMs >= 0 && sinceMs < LOOKED_MS ? lastTickAt : now;
  }

  async function deal(schedule: Scheduled, due: Exclude<Due, { type: 'wait' }>, now: Date): Promise<void> {
    const { id } = schedule;
    switch (due.type) {
      case 'clock-went-back':
        log.warn({ schedule: id, from: due.lookFrom }, 'the clock went back; slots count from here again');
        await states.change(id, (state) => ({ ...state, lastSlotAt: due.lookFrom.toISOString() }));
        return;
      case 'skip':
        return tellSoon(schedule, await states.change(id, (state) => skipped(state, due, now)));
      case 'missed':
        return tellSoon(schedule, await states.change(id, (state) => missed(state, due.slots, due.because, now)));
      case 'fire':
        return beginOne(schedule, due, now);
    }
  }

  async function beginOne(schedule: Scheduled, due: Extract<Due, { type: 'fire' }>, now: Date): Promise<void> {
    const { id } = schedule;
    const { slotAt, warning } = due;
    if (beginning.has(id)) {
      const because = 'the run before it still waits for its turn';
      return tellSoon(
        schedule,
        await states.change(id, (state) => skipped(state, { ...due, because, isPutOff: true }, now)),
      );
    }
    const state = await states.change(id, (standing) => firing(standing, slotAt, now));
    if (state.firing?.slotAt !== slotAt.toISOString()) return;
    const work = beginNow(schedule, slotAt, warning)
      .catch(world.onBug)
      .finally(() => beginning.delete(id));
    beginning.set(id, work);
  }

  async function beginNow(schedule: Scheduled, slotAt: Date, warning: string | undefined): Promise<void> {
    const { id } = schedule;
    log.info({ schedule: id, slotAt, warning }, 'a schedule begins');
    const result = await world.fire(schedule, slotAt).catch((error: unknown) => refusalOf(error));
    // This life is over: the next one finds the slot as it was written down, and begins it if that is still in time.
    if (result === 'server-ends') return;
    const operationId = 'operationId' in result ? result.operationId : undefined;
    const now = clock.now();
    const outcome = result.status === 'failed' ? failureOf(result, slotAt, now) : outcomeOf(result, slotAt, now);
    const warned = warning === undefined ? outcome : { ...outcome, because: warning, untold: true };
    await unlessItFails(schedule, async () =>
      tellSoon(schedule, await states.change(id, (state) => fired(state, warned, operationId))),
    );
  }

  /** One after the other, and nobody waits for it: a chat that does not answer must not keep a single slot from being begun. */
  function tellSoon(schedule: Scheduled, state: ScheduleState): void {
    telling = telling.then(() => tellOf(schedule, state)).catch(world.onBug);
  }

  /** The chat being down changes nothing; whoever asks is told by `schedule list`, and the next life says it again. */
  async function tellOf(schedule: Scheduled, { lastOutcome }: ScheduleState): Promise<void> {
    if (!lastOutcome?.untold) return;
    const { untold: _untold, ...told } = lastOutcome;
    await unlessItFails(schedule, async () => {
      await world.tell(schedule, told);
      await states.change(schedule.id, (state) =>
        state.lastOutcome?.slotAt === told.slotAt && state.lastOutcome.at === told.at
          ? { ...state, lastOutcome: told }
          : undefined,
      );
    });
  }

  /** A slot that was written down by a life that ended before anything stood on record for it. */
  async function takeUp(schedule: Scheduled): Promise<void> {
    const state = await states.get(schedule.id);
    if (!state.firing) return tellSoon(schedule, state);
    const slotAt = new Date(state.firing.slotAt);
    const operationId = await world.findBegun(schedule, slotAt);
    const now = clock.now();
    const settled = await states.change(schedule.id, (standing) => {
      if (operationId) return fired(standing, outcomeOf({ status: 'launched', operationId }, slotAt, now), operationId);
      if (world.mayBeginAgain(schedule)) return unfired(standing);
      const { firing: _firing, ...rest } = standing;
      return missed(rest, [slotAt], 'the server ended while it was being begun', now);
    });
    tellSoon(schedule, settled);
  }

  return {
    async begin() {
      await someAtOnce(world.schedules(), (schedule) => unlessItFails(schedule, () => takeUp(schedule)));
      await tick();
      stopTicking = tickEveryMinute(tick, log);
    },
    tick,
    end: () => stopTicking(),
    lastTickAt: () => lastTickAt,
    async settled() {
      await Promise.all(beginning.values());
      await telling;
    },
  };
}
