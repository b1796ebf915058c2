import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import type { RestorePlan } from '../../src/records/plan.ts';
import type { RestoreRequest } from '../../src/records/request.ts';
import { checkRestore, claimApproval, fetchDefinition, fillStaged } from '../../src/restore/prepare-restore.ts';
import { createFakeCatalog } from '../fakes/catalog.ts';
import { createFakeChat, createFakeChatStore } from '../fakes/chat.ts';
import { plainEffect } from '../fakes/mortal.ts';
import { createFakePlatform } from '../fakes/platform.ts';
import { createMortalMover } from '../fakes/programs.ts';
import { makeRequest, momentAfter } from '../fakes/records.ts';
import { stagedPath, type World } from '../fakes/world.ts';
import { REQUEST_ID, restoreCase } from './restore-case.ts';

const OPERATION = 'op_0000000001';
const OTHER = 'op_0000000002';
const signal = new AbortController().signal;
const now = new Date(momentAfter(30));

let world: World;
let plan: RestorePlan;
beforeEach(async () => {
  world = (await restoreCase.make('/nowhere')).world;
  plan = (await standing()).plan;
});

const catalog = () => createFakeCatalog(world.catalog);
const chat = createFakeChatStore();
const doors = () => ({ catalog: catalog(), chat: createFakeChat(chat) });
const platform = () => createFakePlatform(world, plainEffect);
const restoreWorld = () => {
  const mover = createMortalMover(world, { effect: plainEffect, isDead: () => false });
  return { platform: platform(), mover, folder: '/nowhere', signal };
};

async function standing(): Promise<RestoreRequest> {
  const request = await catalog().requests.get(REQUEST_ID);
  if (request?.kind !== 'restore') throw new Error('no such request in this world');
  return request;
}

it('moves an approval to one operation, and to no other', async () => {
  await claimApproval(doors(), REQUEST_ID, OPERATION, now);
  await claimApproval(doors(), REQUEST_ID, OPERATION, now);
  expect(await standing()).toMatchObject({ status: 'used', operationId: OPERATION });
  expect(chat.requests.get(REQUEST_ID)).toMatchObject({ operationId: OPERATION });
  await expect(claimApproval(doors(), REQUEST_ID, OTHER, now)).rejects.toMatchObject({ code: 'plan-changed' });
});

it('claims it also when the chat is down', async () => {
  const down = { ...createFakeChatStore(), isDown: true };
  await claimApproval({ catalog: catalog(), chat: createFakeChat(down) }, REQUEST_ID, OPERATION, now);
  expect((await standing()).status).toBe('used');
});

it('lets only one of two operations have an approval when both claim it at once', async () => {
  const claims = [OPERATION, OTHER].map((id) => claimApproval(doors(), REQUEST_ID, id, now));
  const settled = await Promise.allSettled(claims);
  expect(settled.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

it('refuses a request that is not approved, or was too long ago', async () => {
  const pending = makeRequest({ plan });
  await catalog().requests.save(pending);
  await expect(claimApproval(doors(), pending.id, OPERATION, now)).rejects.toThrow('is pending, not approved');
  const late = new Date(momentAfter(501));
  await expect(claimApproval(doors(), REQUEST_ID, OPERATION, late)).rejects.toThrow('has expired');
});

it('finds a fit target fit', async () => {
  await checkRestore(plan, OPERATION, restoreWorld());
});

it('refuses when a copy is not in the repository any more', async () => {
  world.repository.copies = world.repository.copies.filter(({ id }) => id !== plan.definition?.copyId);
  await expect(checkRestore(plan, OPERATION, restoreWorld())).rejects.toMatchObject({ code: 'plan-changed' });
});

it('refuses when a part has moved or is not there', async () => {
  const moved = { ...plan, parts: plan.parts.map((part) => ({ ...part, path: '/elsewhere' })) };
  await expect(checkRestore(moved, OPERATION, restoreWorld())).rejects.toMatchObject({ code: 'plan-changed' });
  world.trees.delete('/live/db');
  await expect(checkRestore(plan, OPERATION, restoreWorld())).rejects.toMatchObject({ code: 'plan-changed' });
});

it('refuses a part that something stands in the way of, before anyone is disturbed, and allows single paths', async () => {
  const whole = restoreWorld();
  const platform = {
    ...whole.platform,
    async inspect() {
      const seen = await whole.platform.inspect();
      return {
        ...seen,
        parts: seen.parts.map((part) => ({ ...part, obstacle: 'a file system is mounted inside it' })),
      };
    },
  };
  for (const way of ['swap', 'in-place'] as const) {
    const check = checkRestore({ ...plan, way }, OPERATION, { ...whole, platform });
    await expect(check).rejects.toMatchObject({
      code: 'preflight-failed',
      message: expect.stringContaining('mounted'),
    });
  }
  const paths = plan.parts.map((part) => ({ ...part, within: 'first' }));
  await checkRestore({ ...plan, parts: paths }, OPERATION, { ...whole, platform });
});

it('refuses when there is no room beside', async () => {
  const large = { ...plan, parts: plan.parts.map((part) => ({ ...part, bytes: 4e8 })) }; // each fits, all do not
  await expect(checkRestore(large, OPERATION, restoreWorld())).rejects.toMatchObject({ code: 'preflight-failed' });
});

it('refuses when services were stopped by another operation', async () => {
  await platform().noteRunning(OTHER);
  await expect(checkRestore(plan, OPERATION, restoreWorld())).rejects.toMatchObject({ code: 'preflight-failed' });
});

it('fills the staged places with what the backup holds', async () => {
  const names = plan.parts.map(({ name }) => name);
  const staged = await platform().stage(
    OPERATION,
    names.map((part) => ({ part })),
  );
  const filled = await fillStaged(plan, staged, restoreWorld(), () => undefined);
  expect(filled.files).toBe(3 * names.length);
  expect(world.trees.get(stagedPath(OPERATION, 'db'))?.get('last')).toBe('then last db');
  expect(world.trees.get('/live/db')?.get('last')).toBe('now last db');
});

it('takes nothing for restored that did not arrive whole', async () => {
  const staged = await platform().stage(
    OPERATION,
    plan.parts.map(({ name }) => ({ part: name })),
  );
  const more = { ...plan, parts: plan.parts.map((part) => ({ ...part, files: part.files + 1 })) };
  const filling = fillStaged(more, staged, restoreWorld(), () => undefined);
  await expect(filling).rejects.toMatchObject({ code: 'stage-not-proven' });
  await expect(fillStaged(plan, [], restoreWorld(), () => undefined)).rejects.toThrow('has no staged place');
});

it('refuses a definition that is not the one the backup names', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fetch-definition-'));
  try {
    world = (await restoreCase.make(folder)).world;
    const stored = plan.definition ?? { copyId: '', pathInCopy: '', sha256: '' };
    const other = { definition: { ...stored, sha256: '0'.repeat(64) }, releaseThen: '1.4' };
    const fetching = fetchDefinition(other, { ...restoreWorld(), folder });
    await expect(fetching).rejects.toMatchObject({ code: 'stage-not-proven' });
    expect(
      await fetchDefinition({ definition: stored, releaseThen: '1.4' }, { ...restoreWorld(), folder }),
    ).toMatchObject({ release: '1.4' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
