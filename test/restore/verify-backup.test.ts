import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createFakeCatalog } from '../fakes/catalog.ts';
import type { FateOf } from '../fakes/mortal.ts';
import { type Played, play } from '../operation/play.ts';
import { verifyCase } from './verify-case.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cml-verify-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function restoreMsAfter(fate: FateOf): Promise<{ played: Played; restoreMs: number | undefined }> {
  const played = await play(verifyCase, { name: 'one life', lives: [() => fate] }, folder);
  const [backup] = await createFakeCatalog(played.world.catalog).backups.list();
  expect(backup?.verified).toMatchObject({ operationId: played.operation.id });
  return { played, restoreMs: backup?.verified?.restoreMs };
}

it('says how long bringing everything back took when one life did it all', async () => {
  const { played, restoreMs } = await restoreMsAfter(() => undefined);
  expect(played.operation).toMatchObject({ status: 'succeeded', outcome: { restoreMs } });
  expect(restoreMs).toBeGreaterThanOrEqual(0);
});

it('does not say so when a crash came in between: a part of it was there already', async () => {
  const { played, restoreMs } = await restoreMsAfter((name) =>
    name.startsWith('mover.restore') ? { die: 'after' } : undefined,
  );
  expect(played.lives).toHaveLength(2);
  expect(played.operation).toMatchObject({ status: 'succeeded' });
  expect(played.operation.outcome).not.toHaveProperty('restoreMs');
  expect(restoreMs).toBeUndefined();
});
