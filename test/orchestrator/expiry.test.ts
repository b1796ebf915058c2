import { afterEach, beforeEach, expect, test } from 'vitest';
import { retentionRules } from '../../src/records/retention.ts';
import { makeBackup, momentAfter } from '../fakes/records.ts';
import { alice, type Door, openDoor } from './door.ts';

let door: Door;
beforeEach(async () => {
  door = await openDoor();
});
afterEach(() => door.dispose());

const DAY = 24 * 60;
const rules = retentionRules.parse({ last: 2 });

async function put(count: number, changes: object = {}) {
  const made = Array.from({ length: count }, (_, at) =>
    makeBackup({ takenAt: momentAfter((at - count) * DAY), ...changes }),
  );
  for (const one of made) await door.catalog.backups.save(one);
  return made;
}

function setRules(): void {
  const settings = door.workspaces['team-ml'];
  if (settings) door.workspaces['team-ml'] = { ...settings, retention: rules };
}

test('tells of each backup whether it stays, and why', async () => {
  const [oldest, old, ...newest] = await put(4);
  const all = [oldest, old, ...newest].flatMap((one) => one ?? []);
  const said = async () => [...(await door.orchestrator.expiryOf(all)).values()].map(({ is }) => is);
  expect(await said()).toEqual(['without-rules', 'without-rules', 'without-rules', 'without-rules']);
  setRules();
  expect(await said()).toEqual(['goes', 'goes', 'kept', 'kept']);
  const pinned = await door.orchestrator.setPin(alice, old?.id ?? '', { pinned: true });
  const gone = { ...pinned, status: 'deleted' as const };
  const foreign = makeBackup({ workspace: 'unknown' });
  expect([...(await door.orchestrator.expiryOf([pinned, gone, foreign])).values()]).toEqual(
    expect.arrayContaining([{ is: 'without-rules', because: [] }]),
  );
  expect((await door.orchestrator.expiryOf([pinned])).get(pinned.id)).toEqual({
    is: 'kept',
    because: ['pinned by alice'],
  });
});

test('reads the many of a large workspace only for one of them', async () => {
  setRules();
  const many = await put(201);
  const list = door.catalog.backups.list;
  door.catalog.backups.list = () => Promise.reject(new Error('all records were read'));
  const some = await door.orchestrator.expiryOf(many.slice(0, 50));
  expect(new Set([...some.values()].map(({ is }) => is))).toEqual(new Set(['by-rules']));
  door.catalog.backups.list = list;
  expect((await door.orchestrator.expiryOf(many.slice(0, 1))).get(many[0]?.id ?? '')?.is).toBe('goes');
});

test('reads the very many of a workspace for nobody, and those of another once for all who ask', async () => {
  setRules();
  const [one] = await put(3);
  const list = door.catalog.backups.list;
  let reads = 0;
  door.catalog.backups.list = (filter) => {
    reads += 1;
    return list(filter);
  };
  const ask = async () => (await door.orchestrator.expiryOf(one ? [one] : [])).get(one?.id ?? '')?.is;
  expect(await Promise.all([ask(), ask(), ask()])).toEqual(['goes', 'goes', 'goes']);
  expect(reads).toBe(1);
  const known = await door.catalog.backups.known();
  door.catalog.backups.known = async () => Array.from({ length: 2_001 }, () => known.slice(0, 1)).flat();
  expect(await ask()).toBe('by-rules');
});
