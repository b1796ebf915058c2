import { afterAll, beforeAll, describe, test, vi } from 'vitest';
import { writeTable } from '../../../faults/write-table.ts';
import { createMatrixWorld, type MatrixWorld } from '../matrix-world.ts';
import { absenceRows } from './absence-rows.ts';
import { type Base, type FaultRow, makeBase, play } from './fault-row.ts';
import { peopleRows } from './people-rows.ts';
import { podRows } from './pod-rows.ts';
import { serverRows } from './server-rows.ts';
import { storageRows } from './storage-rows.ts';

// They run beside each other, and mostly wait.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000, maxConcurrency: 6 });

/** All rows with KUBE_FAULTS=1; else a fault that both stories meet is played in one of them, in turn. */
const isWhole = process.env.KUBE_FAULTS === '1';
const all: readonly FaultRow[] = [...serverRows, ...absenceRows, ...storageRows, ...podRows, ...peopleRows];
const faults = [...new Set(all.map(({ fault }) => fault))];
const rows = all.filter(
  ({ fault, story }) =>
    isWhole ||
    new Set(all.filter((row) => row.fault === fault).map((row) => row.story)).size === 1 ||
    story === (faults.indexOf(fault) % 2 === 0 ? 'backup' : 'restore'),
);
const played = new Set<FaultRow>();
const seen = new Map<FaultRow, string>();
let first: MatrixWorld;
let base: Base;

beforeAll(async () => {
  first = await createMatrixWorld();
  base = await makeBase(first);
});

afterAll(async () => {
  await first.dispose();
  const told = new Map([...played].map((row) => [row, { ...row, injected: `${row.story}: ${row.injected}` }]));
  const words = new Map([...seen].flatMap(([row, word]) => [[told.get(row) ?? row, word] as const]));
  process.stdout.write(`\n${writeTable([...told.values()], words)}\n`);
});

describe.concurrent('a workspace on a cluster', () => {
  for (const row of rows)
    test.concurrent(`${row.fault}: a ${row.story} ${row.expected}`, async (here) => {
      played.add(row);
      seen.set(row, await play(row, here, base));
    });
});
