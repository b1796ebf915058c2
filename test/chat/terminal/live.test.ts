import { describe, expect, test } from 'vitest';
import { createLive } from '../../../src/chat/terminal/live.ts';
import { renderFrame } from '../../../src/chat/terminal/live-frame.ts';
import { endWords } from '../../../src/chat/terminal/live-words.ts';
import { createProgressMeter } from '../../../src/chat/terminal/progress-meter.ts';
import type { OperationView, Progress } from '../../../src/records/operation.ts';
import { createScreen } from './fake-terminal.ts';

const NOON = Date.parse('2026-03-01T12:00:00.000Z');
const at = (seconds: number) => new Date(NOON + seconds * 1000);
const written = (seconds: number) => at(seconds).toISOString();
const timeOfDay = (moment: Date) => moment.toISOString().slice(11, 19);

type Step = OperationView['steps'][number];
const done = (name: string, from: number, to: number): Step => ({
  name,
  state: 'done',
  beganAt: written(from),
  endedAt: written(to),
});
const running = (name: string, from: number): Step => ({ name, state: 'running', beganAt: written(from) });
const waiting = (name: string): Step => ({ name, state: 'waiting' });

const base: OperationView = {
  id: 'op_0000000001',
  kind: 'backup',
  workspace: 'team-ml',
  by: 'alice',
  reason: 'before the upgrade',
  startedAt: written(0),
  status: 'running',
  steps: [],
};

const preCopy: OperationView = {
  ...base,
  steps: [
    done('preflight', 0, 2.1),
    done('announce', 2.1, 2.2),
    running('pre-copy', 2.2),
    waiting('stop'),
    waiting('cut'),
  ],
  progress: { filesDone: 1203, filesTotal: 4500, bytesDone: 1.2e9, bytesTotal: 2.9e9, remainingMs: 130_000 },
  stopsAt: written(602),
};
const stopped: OperationView = {
  ...base,
  steps: [
    done('pre-copy', 2, 600),
    done('stop', 600, 602.5),
    running('cut', 602.5),
    waiting('start'),
    waiting('record'),
  ],
  progress: { filesDone: 3 },
  downSince: written(600),
};
const secured: OperationView = {
  ...base,
  steps: [done('cut', 602, 604), done('start', 604, 605), running('copy snapshots', 605), waiting('record')],
  downtimeMs: 5_100,
};
const failed: OperationView = {
  ...base,
  status: 'failed',
  steps: [
    done('pre-copy', 2, 600),
    { ...done('stop', 600, 630), state: 'failed' },
    waiting('cut'),
    done('start', 630, 631),
  ],
  downtimeMs: 31_000,
  endedAt: written(640),
  error: { code: 'service-will-not-stop', message: 'web did not stop within 30s.', hint: 'Look at its log.' },
};

function frame(view: OperationView, now: number, percent?: number, keys = ''): string {
  const measure = percent === undefined ? {} : { percent };
  return `\n${renderFrame(view, { now: at(now), measure, colour: false, timeOfDay, keys })}\n`;
}

describe('a picture', () => {
  test('of a copy shows how far it is, when services stop and what the keys do', () => {
    expect(frame(preCopy, 60, 41, 'p: postpone')).toMatchInlineSnapshot(`
      "
      backup of team-ml (op_0000000001), asked by alice: before the upgrade
        ✓ preflight  2.1s
        ✓ announce   100ms
        ▸ pre-copy   57s      41%, 1,203 of 4,500 files, 1.2 GB of 2.9 GB, about 2m 10s left
        · stop
        · cut
        services stop in 9m 2s (at 12:10:02)
        p: postpone
      "
    `);
  });

  test('shows no totals while they are still being counted', () => {
    expect(frame(preCopy, 60)).toMatchInlineSnapshot(`
      "
      backup of team-ml (op_0000000001), asked by alice: before the upgrade
        ✓ preflight  2.1s
        ✓ announce   100ms
        ▸ pre-copy   57s      1,203 files, 1.2 GB
        · stop
        · cut
        services stop in 9m 2s (at 12:10:02)
      "
    `);
  });

  test('of the cut shows the clock of the downtime', () => {
    expect(frame(stopped, 607)).toMatchInlineSnapshot(`
      "
      backup of team-ml (op_0000000001), asked by alice: before the upgrade
        ✓ pre-copy  9m 58s
        ✓ stop      2.5s
        ▸ cut       4s       3 files
        · start
        · record
        services are down for 7s
      "
    `);
  });

  test('of the time after shows how long services were down', () => {
    expect(frame(secured, 700)).toMatchInlineSnapshot(`
      "
      backup of team-ml (op_0000000001), asked by alice: before the upgrade
        ✓ cut             2s
        ✓ start           1s
        ▸ copy snapshots  1m 35s
        · record
        services were down for 5.1s
      "
    `);
  });

  test('of a failed operation shows only what happened', () => {
    expect(frame(failed, 9_999, undefined, 'p: postpone')).toMatchInlineSnapshot(`
      "
      backup of team-ml (op_0000000001), asked by alice: before the upgrade
        ✓ pre-copy  9m 58s
        ✗ stop      30s
        ✓ start     1s
      "
    `);
    expect(endWords(failed)).toMatchInlineSnapshot(
      `"The backup of team-ml failed after 10m 40s; services were down for 31s. web did not stop within 30s."`,
    );
  });

  test.each([60, 40])('on a terminal of %i columns breaks no line in the middle', (columns) => {
    const keys = 'p: postpone by 30 minutes   c: cancel   Ctrl-C: leave, it goes on';
    const options = { now: at(60), measure: { percent: 41 }, colour: false, timeOfDay, keys, columns };
    const text = renderFrame(preCopy, options);
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(columns);
    expect(text).toMatchSnapshot();
  });

  test('on a low terminal says in one line what is done, and what is far ahead', () => {
    const steps = [
      ...['a', 'b', 'c', 'd', 'e'].map((name) => done(name, 0, 1)),
      running('now', 1),
      ...['u', 'v', 'w', 'x', 'y', 'z'].map(waiting),
    ];
    const options = { now: at(60), measure: {}, colour: false, timeOfDay, keys: 'c: cancel', columns: 80, rows: 10 };
    const text = renderFrame({ ...base, steps }, options);
    expect(text.split('\n').length).toBeLessThan(10);
    expect(`\n${text}\n`).toMatchInlineSnapshot(`
      "
      backup of team-ml (op_0000000001), asked by alice: before the upgrade
        ✓ 5 steps
        ▸ now  59s
        · u
        · v
        · 4 more
        c: cancel
      "
    `);
    expect(renderFrame({ ...base, steps }, { ...options, rows: 40 })).toContain('✓ e');
  });

  test('is said in one line at the end', () => {
    const ended = { ...secured, endedAt: written(720) };
    expect(endWords({ ...ended, status: 'succeeded' })).toMatchInlineSnapshot(
      `"The backup of team-ml succeeded in 12m; services were down for 5.1s."`,
    );
    expect(endWords({ ...base, status: 'cancelled', endedAt: written(3) })).toMatchInlineSnapshot(
      `"The backup of team-ml was cancelled after 3s."`,
    );
    expect(endWords(base)).toBe('');
  });
});

describe('a percentage', () => {
  const view = (progress: Progress): OperationView => ({ ...preCopy, progress });

  test('is known once the totals have stood for two seconds, and never goes back', () => {
    const meter = createProgressMeter();
    const observe = (seconds: number, bytesDone: number, bytesTotal: number) =>
      meter.observe(view({ bytesDone, bytesTotal }), at(seconds)).percent;
    expect(observe(0, 10, 20)).toBeUndefined();
    expect(observe(1, 20, 40)).toBeUndefined();
    expect(observe(2, 22, 100)).toBeUndefined();
    expect(observe(4.5, 30, 100)).toBe(30);
    expect(observe(5, 35, 200)).toBe(30);
    expect(observe(8, 35, 200)).toBe(30);
    expect(observe(9, 100, 200)).toBe(50);
    expect(observe(10, 200, 200)).toBe(99);
  });

  test('begins anew with each step', () => {
    const meter = createProgressMeter();
    const copying = view({ filesDone: 9, filesTotal: 10 });
    meter.observe(copying, at(0));
    expect(meter.observe(copying, at(3)).percent).toBe(90);
    expect(meter.observe({ ...copying, steps: [running('cut', 3)] }, at(4))).toEqual({});
    expect(meter.observe({ ...copying, progress: undefined } as never, at(5))).toEqual({});
  });
});

function createWorld(isTTY: boolean) {
  const screen = createScreen(isTTY);
  let seconds = 0;
  const clock = { now: () => at(seconds), sleep: async () => undefined };
  const live = createLive({ stream: screen.stream, colour: false, clock, timeOfDay });
  return {
    screen,
    live,
    show(view: OperationView, now: number) {
      seconds = now;
      live.show(view);
    },
  };
}

test('a pipe gets one line for each change of step, and now and then one in between', () => {
  const { screen, live, show } = createWorld(false);
  const noNotice = ({ stopsAt: _, ...view }: OperationView): OperationView => view;
  for (let now = 3; now < 30; now += 1) {
    show({ ...noNotice(preCopy), progress: { bytesDone: now * 1e8, bytesTotal: 2.9e9 } }, now);
  }
  live.say('alice postponed it.', 'warning');
  for (let now = 30; now < 160; now += 1)
    show({ ...base, stopsAt: written(602), steps: [running('countdown', 30)] }, now);
  show(stopped, 603);
  show(secured, 606);
  show(failed, 640);
  live.end();
  expect(`\n${screen.raw()}`).toMatchInlineSnapshot(`
    "
    backup of team-ml (op_0000000001), asked by alice: before the upgrade
    [3s] pre-copy; 300 MB
    [13s] pre-copy; 44%, 1.3 GB of 2.9 GB
    [23s] pre-copy; 79%, 2.3 GB of 2.9 GB
    ! alice postponed it.
    [30s] countdown; services stop in 9m 32s (at 12:10:02)
    [1m 30s] countdown; services stop in 8m 32s (at 12:10:02)
    [2m 30s] countdown; services stop in 7m 32s (at 12:10:02)
    [10m 3s] cut; 3 files; services are down for 3s
    [10m 6s] copy snapshots; services were down for 5.1s
    [10m 40s] stop failed; services were down for 31s
    "
  `);
});

test('a terminal gets one picture, drawn over and over, with messages left standing above it', () => {
  const { screen, live, show } = createWorld(true);
  show(preCopy, 10);
  live.offer('p: postpone');
  live.say('bob postponed it.', 'info');
  show(failed, 700);
  live.end();
  live.end();
  const text = screen.text();
  expect(screen.raw()).toContain('\u001b[');
  expect(text).toContain('bob postponed it.\nbackup of team-ml');
  expect(text).toContain('p: postpone');
  expect(text.trimEnd().split('\n').slice(-3).join('\n')).not.toContain('p: postpone');
});

test('a picture that grows is drawn anew, so that no line of it is lost', () => {
  const { screen, live, show } = createWorld(true);
  live.offer('c: cancel');
  show({ ...base, steps: [running('countdown', 0), waiting('stop')] }, 1);
  const before = screen.text().length;
  show({ ...base, steps: [running('countdown', 0), waiting('stop')], stopsAt: written(60) }, 2);
  const grown = screen.text().slice(before);
  for (const part of ['backup of team-ml', 'countdown', 'stop', 'services stop in', 'c: cancel']) {
    expect(grown).toContain(part);
  }
  live.end();
});
