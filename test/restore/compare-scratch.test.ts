import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Backup } from '../../src/records/backup.ts';
import { compareScratch } from '../../src/restore/compare-scratch.ts';
import { plainEffect } from '../fakes/mortal.ts';
import { createMortalMover } from '../fakes/programs.ts';
import type { World } from '../fakes/world.ts';
import { type Played, play } from '../operation/play.ts';
import { verifyCase } from './verify-case.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'compare-scratch-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A verification in a workspace without checks of its own; right before it compares, something happens. */
async function verify(happen: (world: World) => void): Promise<Played & { verified: Backup['verified'] }> {
  const script = {
    name: 'something happens',
    lives: [
      ({ world }: { world: World }) =>
        (name: string) =>
          name.startsWith('mover.compare') ? { meanwhile: () => happen(world) } : undefined,
    ],
  };
  const played = await play(verifyCase, script, folder);
  const [text = '{}'] = [...played.world.catalog.backups.values()];
  return { ...played, verified: (JSON.parse(text) as Backup).verified };
}

const scratchOf = (world: World) => [...world.trees].filter(([path]) => path.startsWith('/scratch/'));

it.each([
  ['a byte', (world: World) => scratchOf(world)[0]?.[1].set('log', '7'), /log" differs/],
  ['a file less', (world: World) => scratchOf(world)[1]?.[1].delete('log'), /log" is missing/],
  ['a file more', (world: World) => scratchOf(world)[1]?.[1].set('new', ''), /new" is not in the copy/],
])('does not call a backup verified when what came back differs in %s', async (_what, harm, told) => {
  const { operation, verified } = await verify((world) => {
    world.checks.clear();
    harm(world);
  });
  expect(operation).toMatchObject({ status: 'failed', error: { code: 'copy-not-proven' } });
  expect(operation.error?.message).toMatch(told);
  expect(verified).toBeUndefined();
});

it('names the first few of many differences', async () => {
  const { operation } = await verify((world) => {
    for (const [, tree] of scratchOf(world)) for (const name of 'abcdef') tree.set(name, name);
  });
  expect(operation.error?.message.match(/is not in the copy/g)).toHaveLength(3);
  expect(operation.error?.message).toMatch(/; and more\.$/);
});

it('does not ask for paths that could not be read when the backup was made', async () => {
  const { operation, verified } = await verify((world) => {
    const [[id, text] = ['', '{}']] = [...world.catalog.backups];
    const backup: Backup = JSON.parse(text);
    const parts = backup.parts.map((part) => ({ ...part, unreadable: [{ path: 'secret', accepted: true }] }));
    world.catalog.backups.set(id, JSON.stringify({ ...backup, parts }));
  });
  expect(operation.status).toBe('succeeded');
  expect(verified).toBeDefined();
});

it('refuses a part that has no scratch place', async () => {
  const { world } = await verifyCase.make(folder);
  const [text = '{}'] = [...world.catalog.backups.values()];
  const mover = createMortalMover(world, { effect: plainEffect, isDead: () => false });
  const signal = new AbortController().signal;
  const compared = compareScratch(JSON.parse(text), [], { mover, folder, signal }, () => undefined);
  await expect(compared).rejects.toMatchObject({ code: 'stage-not-proven' });
});
