import { schedules as declarations } from '../schedules/schedules.ts';
import type { Catalog } from './catalog/catalog.ts';
import type { Chat } from './chat/chat.ts';
import { scheduleTold } from './chat/messages/schedule-told.ts';
import { type Clock, systemClock } from './clock.ts';
import type { Log } from './log.ts';
import type { Orchestrator } from './orchestrator/orchestrator.ts';
import type { Upkeep } from './orchestrator/upkeep.ts';
import type { Person } from './records/person.ts';
import { scheduleIdOf } from './records/schedule-state.ts';
import { type Fired, nobody, type Scheduled } from './schedule/schedule.ts';
import { createScheduler, type Scheduler } from './schedule/scheduler.ts';
import { settingsForAll } from './schedule/settings.ts';

/** What nobody configures, because it is always done. */
const always: readonly Scheduled[] = declarations.flatMap(({ does, always: when }) =>
  when ? [{ id: scheduleIdOf(undefined, does), name: does, does, settings: settingsForAll(does, when) }] : [],
);

/** Does what a schedule declares. */
export async function fire(
  orchestrator: Orchestrator,
  schedule: Scheduled,
  slotAt: Date,
  person: Person = nobody,
): Promise<Fired> {
  const declaration = declarations.find(({ does }) => does === schedule.does);
  if (!declaration) return { status: 'skipped', because: `this release cannot do "${schedule.does}"` };
  const run = () => declaration.run({ orchestrator, schedule, slotAt, person });
  return orchestrator.onceFree(person, schedule, slotAt, run);
}

export interface SchedulesOptions {
  readonly orchestrator: Orchestrator;
  readonly catalog: Catalog;
  readonly chat: Chat;
  /** Default: the system's. */
  readonly clock?: Clock;
  readonly log: Log;
  upkeep(): Upkeep;
  onBug(error: unknown): void;
}

/** What happens unasked, as configured now. */
export function createSchedules(options: SchedulesOptions): Scheduler {
  const { orchestrator, catalog, chat, log, upkeep, onBug, clock = systemClock } = options;
  return createScheduler({
    ...{ states: catalog.schedules, clock, log, onBug },
    schedules: () => [...upkeep().schedules, ...always],
    fire: (schedule, slotAt) => fire(orchestrator, schedule, slotAt),
    findBegun: (schedule, slotAt) => orchestrator.findBegun(schedule, slotAt),
    mayBeginAgain: ({ does }) => declarations.some((one) => one.does === does && one.mayBeginAgain === true),
    lengthsOf: (schedule) => orchestrator.lengthsOf(schedule),
    async tell(schedule, outcome) {
      // No channel is one of all workspaces: what goes wrong there, the deployer reads.
      if (schedule.workspace === undefined)
        log.warn({ schedule: schedule.id, outcome }, 'a schedule did not run as usual');
      else await chat.post(scheduleTold(schedule, outcome));
    },
  });
}
