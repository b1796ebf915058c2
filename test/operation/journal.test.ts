import { expect, it } from 'vitest';
import { PortError } from '../../src/errors.ts';
import { announcedStop, createJournal, isDone, readSteps, recordError } from '../../src/operation/journal.ts';
import { viewOperation } from '../../src/operation/view.ts';
import type { JournalEvent, Operation } from '../../src/records/operation.ts';
import { createFakeCatalog, createFakeCatalogStore } from '../fakes/catalog.ts';
import { momentAfter } from '../fakes/records.ts';
import { given, smallStory } from './small-story.ts';

const at = momentAfter(0);
const began = (step: string): JournalEvent => ({ type: 'step-began', at, step });

function createDisk() {
  const { operations } = createFakeCatalog(createFakeCatalogStore());
  const disk = { isFull: false };
  const save = async (operation: Operation) => {
    if (disk.isFull) throw new PortError('disk-full', 'no room');
    await operations.save(operation);
  };
  return { disk, operations: { ...operations, save } };
}

it('keeps the order of events that come in at once', async () => {
  const { operations } = createDisk();
  const operation = given();
  const journal = createJournal(operation, operations);
  await Promise.all(['one', 'two', 'three'].map((step) => journal.append(began(step))));
  expect((await operations.get(operation.id))?.journal).toEqual(['one', 'two', 'three'].map(began));
});

it('forgets an event that could not be written, and goes on with the next', async () => {
  const { disk, operations } = createDisk();
  const journal = createJournal(given(), operations);
  disk.isFull = true;
  await expect(journal.append(began('lost'))).rejects.toMatchObject({ code: 'disk-full' });
  expect(journal.isBehind()).toBe(false);
  disk.isFull = false;
  await journal.append(began('kept'));
  expect(journal.operation().journal).toEqual([began('kept')]);
});

it('keeps an event in memory that had to happen, and writes it with the next one', async () => {
  const { disk, operations } = createDisk();
  const operation = given();
  const journal = createJournal(operation, operations);
  disk.isFull = true;
  expect(await journal.appendIfPossible(began('start'))).toBe(false);
  expect(journal.isBehind()).toBe(true);
  await expect(journal.catchUp()).rejects.toMatchObject({ code: 'disk-full' });
  disk.isFull = false;
  await journal.catchUp();
  expect(journal.isBehind()).toBe(false);
  expect((await operations.get(operation.id))?.journal).toEqual([began('start')]);
});

it('reads the latest word on each step', () => {
  const events: JournalEvent[] = [
    { type: 'step-failed', at, step: 'look', error: { code: 'bug', message: 'no' } },
    { type: 'step-done', at, step: 'look', result: 2 },
    { type: 'ensured', at, step: 'start' },
  ];
  expect(readSteps(events).get('look')).toEqual({ result: 2 });
  expect(isDone(events, 'start')).toBe(true);
  expect(isDone(events, 'stop')).toBe(false);
});

it('knows when people were last told that services stop', () => {
  const by = { name: 'bob', proof: 'uid', uid: 1 } as const;
  const told: JournalEvent = { type: 'announced', at, stopsAt: momentAfter(10) };
  const moved: JournalEvent = { type: 'postponed', at, by, stopsAt: momentAfter(30) };
  expect(announcedStop([])).toBeUndefined();
  expect(announcedStop([told, moved])?.toISOString()).toBe(momentAfter(30));
});

it('records an error with all its causes and its hint', () => {
  const error = new PortError('disk-full', 'no room', { hint: 'make some', cause: new Error('ENOSPC') });
  expect(recordError(error)).toEqual({ code: 'disk-full', message: 'no room: ENOSPC', hint: 'make some' });
  expect(recordError(new Error('oh'))).toEqual({ code: 'bug', message: 'oh' });
});

it('shows each step as the journal has it, and since when services are down', () => {
  const journal: JournalEvent[] = [
    began('look'),
    { type: 'step-done', at: momentAfter(1), step: 'look', result: 1 },
    { type: 'step-began', at: momentAfter(2), step: 'arm' },
    { type: 'step-done', at: momentAfter(2), step: 'arm' },
    { type: 'step-began', at: momentAfter(3), step: 'stop' },
  ];
  const down = viewOperation(smallStory, given(journal));
  expect(down.steps.map(({ state }) => state)).toEqual([
    'done',
    'waiting',
    'waiting',
    'waiting',
    'done',
    'running',
    'waiting',
    'waiting',
    'waiting',
  ]);
  expect(down.downSince).toBe(momentAfter(3));
  const up = viewOperation(smallStory, given([...journal, { type: 'ensured', at: momentAfter(5), step: 'start' }]));
  expect(up).toMatchObject({ downtimeMs: 120_000 });
  expect(up.downSince).toBeUndefined();
});
