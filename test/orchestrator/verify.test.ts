import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Operation } from '../../src/records/operation.ts';
import { makeBackup } from '../fakes/records.ts';
import { alice, bob, type Door, openDoor } from './door.ts';

let door: Door;
beforeEach(async () => {
  door = await openDoor();
});
afterEach(async () => {
  expect(door.bugs).toEqual([]);
  await door.dispose();
});

const code = (code: string) => expect.objectContaining({ name: 'UserError', code });
const verifiedOf = async (id: string) => (await door.catalog.backups.get(id))?.verified;
const scratch = () => [...door.world.trees.keys()].filter((path) => path.startsWith('/scratch/'));

async function verify(wanted: string): Promise<Operation> {
  return door.drive((await door.orchestrator.requestVerify(bob, wanted)).ended);
}

test('a verification brings everything back, says so in the catalog, and leaves nothing', async () => {
  const id = await door.backUp();
  const stops = door.world.stops.length;
  const operation = await verify('team-ml');
  expect(operation).toMatchObject({ kind: 'verify', status: 'succeeded', outcome: { backupId: id, checks: 0 } });
  expect(await verifiedOf(id)).toMatchObject({ operationId: operation.id, files: 3 });
  expect(scratch()).toEqual([]);
  expect(door.world.stops).toHaveLength(stops);
  expect(door.chat.said.at(-1)?.message.text).toContain('found whole: 3 files');
  const [latest] = await door.catalog.audit.list(1);
  expect(latest).toMatchObject({ by: bob, did: 'verify asked', subject: operation.id });
});

test('a later verification replaces what an earlier one said, and only when it finds everything whole', async () => {
  const id = await door.backUp();
  await verify(id);
  const second = await verify(id);
  expect(await verifiedOf(id)).toMatchObject({ operationId: second.id });
  door.world.repository.copies.shift();
  expect(await verify(id)).toMatchObject({ status: 'failed', error: { code: 'copy-not-proven' } });
  expect(await verifiedOf(id)).toMatchObject({ operationId: second.id });
  expect(scratch()).toEqual([]);
});

test("a check of the workspace's own that does not accept it fails the verification", async () => {
  const id = await door.backUp();
  door.world.checks.set('rows', () => false);
  const operation = await verify(id);
  expect(operation).toMatchObject({ status: 'failed', error: { code: 'check-failed' } });
  expect(operation.error?.message).toContain('rows');
  expect(await verifiedOf(id)).toBeUndefined();
  expect(scratch()).toEqual([]);
  expect(door.chat.said.at(-1)?.message.text).toContain('Services were not touched.');
  door.world.checks.set('rows', () => true);
  expect(await verify(id)).toMatchObject({ status: 'succeeded', outcome: { checks: 1 } });
});

test('what a check counted on both sides of the cut is compared with what it counts in what came back', async () => {
  door.world.checks.set('rows', () => true);
  door.world.counting.push('rows');
  const id = await door.backUp();
  const counted = [{ check: 'rows', before: { files: 3 }, after: { files: 3 } }];
  expect((await door.catalog.backups.get(id))?.counted).toEqual(counted);
  expect(await verify(id)).toMatchObject({ status: 'succeeded', outcome: { checks: 1 } });
  await door.catalog.backups.change(id, (backup) => ({
    ...backup,
    counted: counted.map((one) => ({ ...one, before: { files: 4 }, after: { files: 5 } })),
  }));
  const failed = await verify(id);
  expect(failed).toMatchObject({ status: 'failed', error: { code: 'check-failed' } });
  expect(failed.error?.message).toContain('rows, files: 3 came back, 4 to 5 stood there at the cut');
});

test('where not all content is compared, each verification takes the next share', async () => {
  const id = await door.backUp();
  door.setPolicy({ verify: { content: '50%' } });
  const shares = [];
  for (let time = 0; time < 3; time += 1) {
    await verify(id);
    shares.push((await verifiedOf(id))?.content);
  }
  expect(shares).toEqual([0, 1, 0].map((share) => ({ share, of: 2 })));
  expect(door.chat.said.at(-1)?.message.text).toContain('of the content share 1 of 2 was compared');
  door.setPolicy({});
  await verify(id);
  expect(await verifiedOf(id)).not.toHaveProperty('content');
});

test('a part that comes back with fewer files than were counted fails the verification', async () => {
  const id = await door.backUp();
  const data = (await door.catalog.backups.get(id))?.parts[0]?.copyId;
  const copy = door.world.repository.copies.find((one) => one.id === data);
  copy?.entries.splice(1, 1);
  expect(await verify(id)).toMatchObject({ status: 'failed', error: { code: 'stage-not-proven' } });
  expect(await verifiedOf(id)).toBeUndefined();
});

test('is refused for what is not completed, to who is no operator, and where something runs', async () => {
  const torn = makeBackup({ status: 'incomplete' });
  await door.catalog.backups.save(torn);
  await expect(door.orchestrator.requestVerify(alice, torn.id)).rejects.toThrow(code('backup-incomplete'));
  const id = await door.backUp();
  door.setPolicy({ operators: ['alice'] });
  await expect(door.orchestrator.requestVerify(bob, id)).rejects.toThrow(code('not-allowed'));
  const busy = await door.orchestrator.requestBackup(alice, { workspace: 'team-ml' });
  await expect(door.orchestrator.requestVerify(alice, id)).rejects.toThrow(code('workspace-busy'));
  await busy.cancel(alice);
  await door.drive(busy.ended);
});
