import { describe, expect, test } from 'vitest';
import { PortError, UserError } from '../../src/errors.ts';
import type { Log } from '../../src/log.ts';
import type { ScheduleOutcome } from '../../src/records/schedule-state.ts';
import type { Fired, Scheduled } from '../../src/schedule/schedule.ts';
import { createScheduler, type SchedulerWorld } from '../../src/schedule/scheduler.ts';
import { scheduleSettings } from '../../src/schedule/settings.ts';
import { createFakeCatalog, createFakeCatalogStore } from '../fakes/catalog.ts';

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const MINUTE = 60_000;

function makeSchedule(changes: object = {}, name = 'nightly'): Scheduled {
  const settings = scheduleSettings.parse({ does: 'backup', when: 'nightly at 02:00', zone: 'UTC', ...changes });
  return { id: `team-ml/${name}`, name, workspace: 'team-ml', does: settings.does, settings };
}

/** A night in memory: the same store for every life of the server. */
function createNight(start: string) {
  let now = new Date(start);
  let schedules = [makeSchedule()];
  const states = createFakeCatalog(createFakeCatalogStore()).schedules;
  const fired: string[] = [];
  const told: ScheduleOutcome[] = [];
  const bugs: unknown[] = [];
  let answer = async (): Promise<Fired> => ({ status: 'done' });
  const world: SchedulerWorld = {
    schedules: () => schedules,
    states,
    clock: { now: () => now, sleep: () => new Promise(() => undefined) },
    fire: (schedule, slotAt) => {
      fired.push(`${schedule.name} ${slotAt.toISOString()}`);
      return answer();
    },
    findBegun: async () => undefined,
    mayBeginAgain: () => true,
    lengthsOf: async () => ({}),
    tell: async (_, outcome) => void told.push(outcome),
    log: silent as unknown as Log,
    onBug: (error) => bugs.push(error),
  };
  return {
    ...{ world, states, fired, told, bugs },
    /** Another life of the server: it remembers nothing but what stands on record. */
    live: (changes: Partial<SchedulerWorld> = {}) => createScheduler({ ...world, ...changes }),
    at: (moment: string) => {
      now = new Date(moment);
    },
    use: (next: readonly Scheduled[]) => {
      schedules = [...next];
    },
    answers: (next: () => Promise<Fired>) => {
      answer = next;
    },
    /** Ticks once a minute until then. */
    async until(scheduler: ReturnType<typeof createScheduler>, moment: string) {
      while (now < new Date(moment)) {
        now = new Date(now.getTime() + MINUTE);
        await scheduler.tick();
        await scheduler.settled();
      }
    },
  };
}

describe('the scheduler', () => {
  test('begins each slot once, however often it ticks and however often the server begins', async () => {
    const night = createNight('2026-03-01T22:00:00Z');
    for (const until of ['2026-03-02T02:00:00Z', '2026-03-02T02:01:00Z', '2026-03-03T12:00:00Z']) {
      await night.until(night.live(), until);
    }
    expect(night.fired).toEqual(['nightly 2026-03-02T02:00:00.000Z', 'nightly 2026-03-03T02:00:00.000Z']);
    expect(night.bugs).toEqual([]);
  });

  test('writes a slot down before anything is begun for it', async () => {
    const night = createNight('2026-03-01T22:00:00Z');
    let standing: unknown;
    night.answers(async () => {
      standing = await night.states.get('team-ml/nightly');
      return { status: 'launched', operationId: 'op_0000000001' };
    });
    await night.until(night.live(), '2026-03-02T02:00:00Z');
    expect(standing).toMatchObject({
      lastSlotAt: '2026-03-02T02:00:00.000Z',
      firing: { slotAt: '2026-03-02T02:00:00.000Z' },
    });
    const after = await night.states.get('team-ml/nightly');
    expect(after).toMatchObject({ lastOperationId: 'op_0000000001', lastOutcome: { status: 'launched' } });
    expect(after.firing).toBeUndefined();
  });

  test('begins nothing that could not be written down, and tries again a minute later', async () => {
    const night = createNight('2026-03-02T01:59:00Z');
    let isFull = true;
    const full = async () => {
      throw new PortError('disk-full', 'There is no room.', { retryable: true });
    };
    await night.live().tick();
    const scheduler = night.live({
      states: { get: night.states.get, change: (id, decide) => (isFull ? full() : night.states.change(id, decide)) },
    });
    await night.until(scheduler, '2026-03-02T02:00:00Z');
    expect(night.fired).toEqual([]);
    isFull = false;
    await night.until(scheduler, '2026-03-02T02:01:00Z');
    expect(night.fired).toEqual(['nightly 2026-03-02T02:00:00.000Z']);
  });

  describe('after a crash between writing a slot down and beginning it', () => {
    async function crashed() {
      const night = createNight('2026-03-02T01:00:00Z');
      night.answers(() => new Promise(() => undefined));
      const scheduler = night.live();
      await scheduler.tick();
      night.at('2026-03-02T02:00:00Z');
      await scheduler.tick();
      expect(night.fired).toHaveLength(1);
      night.answers(async () => ({ status: 'done' }));
      night.fired.length = 0;
      return night;
    }

    async function boot(night: ReturnType<typeof createNight>, changes: Partial<SchedulerWorld> = {}) {
      const scheduler = night.live(changes);
      await scheduler.begin();
      scheduler.end();
      await scheduler.settled();
    }

    test('begins it anew while that is still in time', async () => {
      const night = await crashed();
      night.at('2026-03-02T02:10:00Z');
      await boot(night);
      expect(night.fired).toEqual(['nightly 2026-03-02T02:00:00.000Z']);
      await boot(night);
      expect(night.fired).toHaveLength(1);
    });

    test('knows the operation that stands on record, and begins no second one', async () => {
      const night = await crashed();
      night.at('2026-03-02T02:10:00Z');
      await boot(night, { findBegun: async () => 'op_0000000007' });
      expect(night.fired).toEqual([]);
      expect(await night.states.get('team-ml/nightly')).toMatchObject({
        lastOperationId: 'op_0000000007',
        lastOutcome: { status: 'launched' },
      });
    });

    test('reports it, once, where it may not be begun anew', async () => {
      const night = await crashed();
      await boot(night, { mayBeginAgain: () => false });
      await boot(night, { mayBeginAgain: () => false });
      expect(night.fired).toEqual([]);
      expect(night.told).toMatchObject([{ status: 'missed', slotAt: '2026-03-02T02:00:00.000Z' }]);
    });

    test('reports it as missed once its window is closed', async () => {
      const night = await crashed();
      night.use([makeSchedule({ window: '01:00-05:00' })]);
      night.at('2026-03-02T06:00:00Z');
      await boot(night);
      expect(night.fired).toEqual([]);
      expect(night.told).toMatchObject([{ status: 'missed' }]);
    });
  });

  test('tells once of what was missed, also when the chat was down at first', async () => {
    const night = createNight('2026-03-01T22:00:00Z');
    night.use([makeSchedule({ misfire: 'report' })]);
    await night.live().tick();
    night.at('2026-03-04T12:00:00Z');
    const down = async () => {
      throw new PortError('chat-unavailable', 'Slack is away.', { retryable: true });
    };
    const unheard = night.live({ tell: down });
    await unheard.tick();
    await unheard.settled();
    expect((await night.states.get('team-ml/nightly')).missed).toHaveLength(3);
    for (let life = 0; life < 2; life += 1) {
      const scheduler = night.live();
      await scheduler.begin();
      scheduler.end();
      await scheduler.settled();
    }
    expect(night.told).toHaveLength(1);
    expect(night.told).toMatchObject([{ status: 'missed', because: 'the server was not running then' }]);
  });

  test('begins what is due while the chat does not answer', async () => {
    const night = createNight('2026-03-02T01:00:00Z');
    const late = makeSchedule({ when: 'daily at 01:30', misfire: 'report' });
    const names = Array.from({ length: 100 }, (_, nth) => `late-${nth}`);
    night.use([...names.map((name) => ({ ...late, id: `team-ml/${name}`, name })), makeSchedule({}, 'b')]);
    const scheduler = night.live({ tell: () => new Promise(() => undefined) });
    await scheduler.tick();
    night.at('2026-03-02T02:00:00Z');
    void scheduler.tick();
    await expect.poll(() => night.fired).toEqual(['b 2026-03-02T02:00:00.000Z']);
  });

  test('leaves out with its sentence what the door refuses, and tells people', async () => {
    const night = createNight('2026-03-02T01:00:00Z');
    night.answers(async () => {
      throw new UserError('workspace-busy', 'team-ml is busy with the backup op_0000000001.');
    });
    await night.until(night.live(), '2026-03-02T02:00:00Z');
    expect(night.told).toMatchObject([
      { status: 'skipped', because: 'team-ml is busy with the backup op_0000000001.' },
    ]);
  });

  test('tells nobody that there was nothing to do', async () => {
    const night = createNight('2026-03-02T01:00:00Z');
    night.answers(async () => {
      throw new UserError('nothing-to-do', 'The newest backup was verified already.');
    });
    await night.until(night.live(), '2026-03-02T02:00:00Z');
    expect(night.told).toEqual([]);
    expect(await night.states.get('team-ml/nightly')).toMatchObject({ lastOutcome: { status: 'done' } });
  });

  test('leaves a slot to the next life when the server ends while it waits for its turn', async () => {
    const night = createNight('2026-03-02T01:00:00Z');
    night.answers(async () => {
      throw new UserError('server-unavailable', 'The server is ending.');
    });
    await night.until(night.live(), '2026-03-02T02:00:00Z');
    expect(night.told).toEqual([]);
    night.answers(async () => ({ status: 'done' }));
    night.at('2026-03-02T02:05:00Z');
    const next = night.live();
    await next.begin();
    next.end();
    await next.settled();
    expect(night.fired).toEqual(['nightly 2026-03-02T02:00:00.000Z', 'nightly 2026-03-02T02:00:00.000Z']);
    expect(await night.states.get('team-ml/nightly')).toMatchObject({ lastOutcome: { status: 'done' } });
  });

  test('puts a slot off whose forerunner still waits for its turn', async () => {
    const night = createNight('2026-03-02T00:30:00Z');
    night.use([makeSchedule({ when: '0 * * * *' })]);
    night.answers(() => new Promise(() => undefined));
    const scheduler = night.live();
    for (const at of ['00:31', '01:00', '02:00']) {
      night.at(`2026-03-02T${at}:00Z`);
      await scheduler.tick();
    }
    expect(night.fired).toEqual(['nightly 2026-03-02T01:00:00.000Z']);
    await expect.poll(() => night.told).toMatchObject([{ status: 'put-off', slotAt: '2026-03-02T02:00:00.000Z' }]);
  });

  test('does not begin at once what was just written into the configuration, nor what was changed there', async () => {
    const night = createNight('2026-03-02T13:30:00Z');
    const scheduler = night.live();
    await scheduler.tick();
    night.use([makeSchedule({ when: 'daily at 13:00' })]);
    await night.until(scheduler, '2026-03-02T14:00:00Z');
    await night.live().tick();
    expect(night.fired).toEqual([]);
    await night.until(scheduler, '2026-03-03T14:00:00Z');
    expect(night.fired).toEqual(['nightly 2026-03-03T13:00:00.000Z']);
    expect(night.told).toEqual([]);
  });

  test('begins in the next minute what was written, or changed, for it in the minute before', async () => {
    const night = createNight('2026-03-02T13:00:00Z');
    night.use([]);
    const scheduler = night.live();
    await night.until(scheduler, '2026-03-02T13:10:00Z');
    night.use([makeSchedule({ when: 'daily at 13:11' })]);
    await night.until(scheduler, '2026-03-02T13:11:00Z');
    night.use([makeSchedule({ when: 'daily at 13:12' })]);
    await night.until(scheduler, '2026-03-02T13:30:00Z');
    expect(night.fired).toEqual(['nightly 2026-03-02T13:11:00.000Z', 'nightly 2026-03-02T13:12:00.000Z']);
  });

  test('keeps a pause and one skipped slot, and catches nothing up after either', async () => {
    const night = createNight('2026-03-01T22:00:00Z');
    const scheduler = night.live();
    await scheduler.tick();
    const skip = { slotAt: '2026-03-02T02:00:00.000Z', by: 'alice', at: '2026-03-01T22:00:00.000Z' };
    await night.states.change('team-ml/nightly', (state) => ({ ...state, skip }));
    await night.until(scheduler, '2026-03-02T12:00:00Z');
    const paused = { by: 'alice', at: '2026-03-02T12:00:00.000Z' };
    await night.states.change('team-ml/nightly', (state) => ({ ...state, paused }));
    await night.until(scheduler, '2026-03-04T12:00:00Z');
    await night.states.change('team-ml/nightly', ({ paused: _, ...state }) => state);
    await night.until(scheduler, '2026-03-05T12:00:00Z');
    expect(night.fired).toEqual(['nightly 2026-03-05T02:00:00.000Z']);
    expect(night.told).toEqual([]);
  });

  test.each([-1, 1])('neither floods nor falls silent when the clock jumps by %i day', async (days) => {
    const night = createNight('2026-03-09T22:00:00Z');
    const scheduler = night.live();
    await night.until(scheduler, '2026-03-10T12:00:00Z');
    expect(night.fired).toHaveLength(1);
    const jumped = Date.parse('2026-03-10T12:00:00Z') + days * 86_400_000;
    night.at(new Date(jumped).toISOString());
    await night.until(scheduler, new Date(jumped + 2 * 86_400_000).toISOString());
    // Forward: the slot that the clock jumped over is a late one. Back: nights that people see twice.
    expect(night.fired.length - 1).toBeGreaterThanOrEqual(2);
    expect(night.fired.length - 1).toBeLessThanOrEqual(3);
  });

  test('ends the process on a bug instead of going on without it', async () => {
    const night = createNight('2026-03-02T01:58:00Z');
    night.answers(async () => {
      throw new TypeError('no such thing');
    });
    await night.until(night.live(), '2026-03-02T02:00:00Z');
    expect(night.bugs).toMatchObject([{ message: 'no such thing' }]);
  });
});
