import { z } from 'zod';
import { announceStop, type Countdown, countDown } from '../../src/operation/countdown.ts';
import { defineStory, type StepContext, type Story } from '../../src/operation/operation.ts';
import { type RunningOperation, runOperation } from '../../src/operation/run-operation.ts';
import type { JournalEvent, Operation } from '../../src/records/operation.ts';
import { createFakeCatalog, createFakeCatalogStore, type FakeCatalogStore } from '../fakes/catalog.ts';
import { createFakeChat, createFakeChatStore, type FakeChatStore } from '../fakes/chat.ts';
import { createVirtualTime, type VirtualTime } from '../fakes/clock.ts';
import { type Effect, plainEffect } from '../fakes/mortal.ts';
import { makeOperation, momentAfter } from '../fakes/records.ts';

const MINUTE = 60_000;
export const NOTICE_MS = 10 * MINUTE;

/** The shape of every story, with next to nothing in it. */
export const smallStory = defineStory({
  kind: 'backup',
  steps: {
    look: { result: z.number(), timeoutMs: MINUTE, retries: 2 },
    announce: { result: z.void(), againUntil: 'arm' },
    'pre-copy': { result: z.void() },
    countdown: { result: z.void(), againUntil: 'arm' },
    arm: { result: z.void() },
    stop: { result: z.void() },
    record: { result: z.void(), timeoutMs: MINUTE, final: true },
  },
  ensures: {
    start: { result: z.void(), timeoutMs: MINUTE, retries: 3, otherwise: 'page' },
    release: { result: z.void(), timeoutMs: MINUTE, retries: 1, otherwise: 'warn', removes: true },
  },
  shown: ['look', 'announce', 'pre-copy', 'countdown', 'arm', 'stop', 'start', 'record', 'release'],
  stopsServices: { from: 'arm', stop: 'stop', until: ['start'] },
  ended: ({ id, workspace, status, error }) => ({
    key: `${id}:end`,
    workspace,
    tone: status === 'succeeded' ? 'good' : 'bad',
    text: `${status}: ${error?.message ?? 'well'}`,
  }),
});

type Work = (context: StepContext) => Promise<unknown>;
export type Works = Partial<Record<'look' | 'pre-copy' | 'arm' | 'stop' | 'record' | 'start' | 'release', Work>>;

/** Tells it with this work in its steps, and writes down what was done. */
async function tell({ step, ensure }: Story<typeof smallStory>, works: Works, countdown: Countdown, done: string[]) {
  const doing = (name: keyof Works) => async (context: StepContext) => {
    done.push(name);
    return (await works[name]?.(context)) as never;
  };
  try {
    await step('look', async (context) => ((await doing('look')(context)) as number | undefined) ?? 1);
    await step('announce', (context) => announceStop(context, countdown));
    await step('pre-copy', doing('pre-copy'));
    await step('countdown', (context) => countDown(context, countdown));
    try {
      await step('arm', doing('arm'));
      await step('stop', doing('stop'));
    } finally {
      await ensure('start', doing('start'));
    }
    await step('record', doing('record'));
  } finally {
    await ensure('release', doing('release'));
  }
  return { told: 'all' };
}

export interface SmallWorld {
  readonly time: VirtualTime;
  readonly store: FakeCatalogStore;
  readonly chat: FakeChatStore;
  /** Moments that people were told, as ISO. */
  readonly announced: string[];
  /** What happens while things are looked at again, one a look. */
  readonly looks: (() => Promise<void>)[];
  readonly done: string[];
  readonly warned: string[];
  begin(works?: Works, operation?: Operation): RunningOperation;
  /** Lets time go on until the operation has ended. */
  end(running: RunningOperation): Promise<Operation>;
}

export function createSmallWorld(effect: Effect = plainEffect): SmallWorld {
  const time = createVirtualTime(momentAfter(0));
  const store = createFakeCatalogStore();
  const chat = createFakeChatStore();
  const announced: string[] = [];
  const looks: (() => Promise<void>)[] = [];
  const done: string[] = [];
  const warned: string[] = [];
  const countdown: Countdown = {
    noticeMs: NOTICE_MS,
    lookAgain: async () => looks.shift()?.(),
    async announce(stopsAt) {
      announced.push(stopsAt.toISOString());
    },
  };
  const catalog = createFakeCatalog(store);
  const operations = {
    ...catalog.operations,
    save: (operation: Operation) => effect('save', () => catalog.operations.save(operation)),
  };
  const warn = (_facts: unknown, sentence?: string) => void warned.push(sentence ?? '');
  const log = { debug: warn, info: warn, warn, error: warn } as never;
  const world = {
    clock: time.clock(),
    operations,
    chat: createFakeChat(chat),
    log,
    delays: { firstMs: 0, longestMs: 0 },
    folder: '/nowhere',
  };
  return {
    time,
    store,
    chat,
    announced,
    looks,
    done,
    warned,
    begin: (works = {}, operation = given()) =>
      runOperation(smallStory, operation, (story) => tell(story, works, countdown, done), world),
    async end(running) {
      if ((await time.drive(running.ended)) === 'stuck') throw new Error('the operation waits for ever');
      return running.ended;
    },
  };
}

/** An operation as an earlier life left it. */
export function given(journal: readonly JournalEvent[] = [], changes: Partial<Operation> = {}): Operation {
  return makeOperation({ journal: [...journal], ...changes });
}
