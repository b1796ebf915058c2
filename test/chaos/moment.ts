import { type FSWatcher, watch } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Operation } from '../../src/records/operation.ts';
import type { Chance } from './chance.ts';
import type { ChaosWorkspace } from './chaos-workspace.ts';
import { readOpen } from './journals.ts';

/** What is known of a kind of operation from one that nobody disturbed. Times in ms. */
export interface Course {
  readonly totalMs: number;
  /** From each event of the journal to the next. */
  readonly pausesMs: readonly number[];
  /** Which of those pauses lie between arming the guard and disarming it: services are stopped in most; empty: never. */
  readonly stopped: { readonly from: number; readonly to: number };
}

/**
 * When a kill strikes, a third of the kills each way. By the clock every millisecond is as likely as any other, so that
 * long steps are hit most; by the journal every event is, so that short ones are hit as well; the third way keeps to the
 * events while services are stopped, where most is at stake and least time is spent.
 */
export type Moment =
  | { readonly by: 'clock'; readonly afterMs: number }
  | { readonly by: 'journal'; readonly events: number; readonly thenMs: number };

/** Operations are a little slower at times than the one that was learned from. */
const SLOWER = 1.1;

export function chooseMoment(chance: Chance, { totalMs, pausesMs, stopped }: Course): Moment {
  const way = chance.pick(['clock', 'journal', 'stopped']);
  if (way === 'clock') return { by: 'clock', afterMs: chance.next() * totalMs * SLOWER };
  const isStopped = way === 'stopped' && stopped.to > stopped.from; // some never stop anything
  const { from, to } = isStopped ? stopped : { from: 0, to: pausesMs.length };
  const index = from + chance.below(Math.max(1, to - from));
  return { by: 'journal', events: index + 1, thenMs: chance.next() * (pausesMs[index] ?? 0) };
}

export function courseOf({ journal, startedAt, endedAt }: Operation): Course {
  const at = journal.map((event) => Date.parse(event.at));
  const find = (type: string, step: string) =>
    journal.findIndex((event) => event.type === type && 'step' in event && event.step === step);
  return {
    totalMs: Date.parse(endedAt ?? '') - Date.parse(startedAt),
    pausesMs: at.slice(1).map((moment, index) => moment - (at[index] ?? moment)),
    stopped: { from: Math.max(0, find('step-began', 'arm guard')), to: find('ensured', 'disarm guard') },
  };
}

/** Resolves when the moment has come, at the latest when an operation of that kind would long be over. */
export async function awaitMoment(workspace: ChaosWorkspace, moment: Moment, { totalMs }: Course): Promise<void> {
  if (moment.by === 'clock') return pause(moment.afterMs);
  await journalReaches(workspace, moment.events, totalMs * 2);
  await pause(moment.thenMs);
}

async function journalReaches(workspace: ChaosWorkspace, events: number, withinMs: number): Promise<void> {
  const folder = join(workspace.data, 'operations', 'open');
  await mkdir(folder, { recursive: true });
  let watcher: FSWatcher | undefined;
  try {
    const reached = new Promise<void>((resolve) => {
      let isSeen = false;
      const look = async () => {
        const [operation] = await readOpen(workspace);
        if (operation ? operation.journal.length >= events : isSeen) resolve();
        isSeen ||= operation !== undefined;
      };
      watcher = watch(folder, () => void look());
      void look();
    });
    await Promise.race([reached, pause(withinMs)]);
  } finally {
    watcher?.close();
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
