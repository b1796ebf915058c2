import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { copiesOf } from '../../src/backup/delete-plan.ts';
import type { RunningOperation } from '../../src/operation/run-operation.ts';
import type { Operation } from '../../src/records/operation.ts';
import { retentionRules } from '../../src/records/retention.ts';
import { nobody } from '../../src/schedule/schedule.ts';
import { alice, bob, type Door, openDoor } from './door.ts';

const DAY = 86_400_000;
let door: Door;
beforeEach(async () => {
  door = await openDoor();
});
afterEach(async () => {
  expect(door.bugs).toEqual([]);
  await door.dispose();
});

const code = (code: string) => expect.objectContaining({ name: 'UserError', code });
const statusOf = async (id: string) => (await door.catalog.backups.get(id))?.status;
const copies = () => door.world.repository.copies.map(({ id }) => id);
const said = () => door.chat.said.at(-1)?.message;
const retain = () => door.orchestrator.applyRetention(nobody, 'team-ml', 'schedule tidy');

async function endOf(asked: Promise<RunningOperation>): Promise<Operation> {
  return door.drive((await asked).ended);
}

function setRules(rules: object): void {
  const settings = door.workspaces['team-ml'];
  if (settings) door.workspaces['team-ml'] = { ...settings, retention: retentionRules.parse(rules) };
}

/** Backups a day apart, oldest first. */
async function backUpDaily(count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let day = 0; day < count; day += 1) {
    ids.push(await door.backUp());
    door.world.time.pass(DAY);
  }
  return ids;
}

describe('retention', () => {
  test('removes what no rule keeps, unasked, and leaves every copy of what it keeps', async () => {
    const [first = '', second = '', third = ''] = await backUpDaily(3);
    setRules({ last: 1 });
    const kept = await door.catalog.backups.get(third);
    const { goes } = await door.orchestrator.planRetention('team-ml');
    expect(goes.map(({ id }) => id)).toEqual([first, second]);
    const operation = await endOf(retain());
    expect(operation).toMatchObject({ kind: 'retention', status: 'succeeded', trigger: 'schedule', by: nobody });
    expect(operation.outcome).toEqual({ removed: [first, second], kept: 1, copies: 4, left: 0 });
    expect([await statusOf(first), await statusOf(second), await statusOf(third)]).toEqual([
      ...['deleted', 'deleted', 'completed'],
    ]);
    expect(copies().sort()).toEqual([...new Set(kept && copiesOf(kept))].sort());
    expect(said()?.text).toBe(
      'team-ml: 2 backups that no rule keeps were removed, 1 is kept; 4 copies dropped. The space comes back with the next prune.',
    );
    const [entry] = await door.catalog.audit.list(1);
    expect(entry).toMatchObject({ did: 'retention asked', by: nobody, reason: 'schedule tidy' });
    await expect(retain()).rejects.toThrow(code('nothing-to-do'));
  });

  test('does nothing without rules, while all is kept, or while a person has to look at the catalog', async () => {
    await backUpDaily(2);
    await expect(retain()).rejects.toThrow(/no rules of retention/);
    setRules({ daily: 5 });
    await expect(retain()).rejects.toThrow(/keep all 2 backups/);
    setRules({ last: 1 });
    const off = { since: new Date(door.world.time.now()).toISOString(), because: 'the catalog was rebuilt' };
    await door.catalog.marks.change('team-ml', (marks) => ({ ...marks, retentionOff: off }));
    await expect(retain()).rejects.toMatchObject({ message: /the catalog was rebuilt/, hint: /catalog confirm/ });
    expect(await door.catalog.operations.list({ limit: 1 })).toMatchObject([{ kind: 'backup' }]);
    await door.orchestrator.confirmCatalog(alice, 'team-ml');
    expect(await endOf(retain())).toMatchObject({ status: 'succeeded' });
  });

  test('keeps what is pinned and what somebody asks to have restored', async () => {
    const [pinned = '', held = '', plain = ''] = await backUpDaily(4);
    setRules({ last: 1 });
    await door.orchestrator.setPin(bob, pinned, { pinned: true });
    const request = await door.orchestrator.requestRestore(alice, { backup: held, confirm: 'team-ml' });
    expect((await endOf(retain())).outcome).toMatchObject({ removed: [plain], kept: 3 });
    await door.orchestrator.cancel(alice, request.id);
    expect((await endOf(retain())).outcome).toMatchObject({ removed: [held] });
    expect(await statusOf(pinned)).toBe('completed');
  });

  test('is in nobody’s way for long: refused while something runs, and refusing with its name while it runs', async () => {
    await backUpDaily(2);
    setRules({ last: 1 });
    const backup = await door.orchestrator.requestBackup(alice, { workspace: 'team-ml' });
    await expect(retain()).rejects.toThrow(code('workspace-busy'));
    await backup.cancel(alice);
    await door.drive(backup.ended);
    const running = await retain();
    const refused = door.orchestrator.requestBackup(alice, { workspace: 'team-ml' });
    await expect(refused).rejects.toThrow(`team-ml is busy with the retention ${running.operation().id}`);
    await door.drive(running.ended);
  });

  test('that could not drop the copies is finished by the next one', async () => {
    const [first = ''] = await backUpDaily(2);
    setRules({ last: 1 });
    door.world.repository.heldBy = 'restic prune';
    const failed = await endOf(retain());
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'repository-held' } });
    expect(said()?.details).toContainEqual(
      expect.stringContaining(`the next retention finishes what was begun: ${first}`),
    );
    expect(await statusOf(first)).toBe('deleting');
    delete door.world.repository.heldBy;
    expect((await endOf(retain())).outcome).toMatchObject({ removed: [first] });
    expect(await statusOf(first)).toBe('deleted');
  });
});

describe('a prune', () => {
  const prune = () => door.orchestrator.prune(nobody, 'team-ml');

  test('gives back what was dropped, and says how much', async () => {
    await backUpDaily(2);
    setRules({ last: 1 });
    await endOf(retain());
    expect(await endOf(prune())).toMatchObject({ kind: 'prune', status: 'succeeded' });
    expect(said()?.text).toMatch(/^team-ml: the repository was pruned in .*: \d.* given back, .* are left\.$/);
    await endOf(prune());
    expect(said()?.text).toContain('nothing to give back');
  });

  test('waits for nobody: it is refused while a restore reads the repository from another workspace', async () => {
    const [backup = ''] = await backUpDaily(1);
    door.addWorkspace('team-two');
    const request = await door.orchestrator.requestRestore(alice, { backup, to: 'team-two', confirm: 'team-two' });
    const { running } = await door.orchestrator.decide(bob, { request: request.id, approves: true });
    expect(running).toBeDefined();
    await expect(prune()).rejects.toThrow(code('workspace-busy'));
    await door.drive(running?.ended ?? Promise.reject(new Error('it did not start')));
    expect(await endOf(prune())).toMatchObject({ status: 'succeeded' });
  });
});

describe('a check of the repository', () => {
  const pace = { withinMs: 4 * DAY, everyMs: DAY };
  const check = () => endOf(door.orchestrator.checkRepository(nobody, 'team-ml', { pace }));
  const paged = () => door.chat.said.filter(({ how }) => how === 'paged').map(({ message }) => message);
  const marks = () => door.catalog.marks.get('team-ml');

  test('reads one share each day, and what is due after days without any', async () => {
    await door.backUp();
    expect((await check()).outcome).toMatchObject({ slices: 1, of: 4, done: 1 });
    expect(said()?.text).toMatch(/1 slice of the repository was read again .*; 1 of 4 were read since/);
    door.world.time.pass(DAY);
    expect((await check()).outcome).toMatchObject({ slices: 1, done: 2 });
    door.world.time.pass(2 * DAY);
    expect((await check()).outcome).toMatchObject({ slices: 2, done: 4 });
    expect(said()?.text).toContain('all data was read again since');
    door.world.time.pass(DAY);
    expect((await check()).outcome).toMatchObject({ slices: 1, done: 1 });
  });

  test('that finds damage calls people once, names the backups, and keeps retention from removing whole ones', async () => {
    const [hurt = '', whole = ''] = await backUpDaily(2);
    const backup = await door.catalog.backups.get(hurt);
    door.world.repository.damaged = [backup?.parts[0]?.copyId ?? ''];
    expect(await check()).toMatchObject({ status: 'failed', error: { code: 'repository-damaged' } });
    expect(paged()).toHaveLength(1);
    expect(paged()[0]?.text).toContain(`Backups that need it: ${hurt}.`);
    expect(paged()[0]?.details?.join()).toContain('cml backup team-ml');
    expect(JSON.stringify(paged())).not.toContain(whole);
    setRules({ last: 1 });
    await expect(retain()).rejects.toThrow(/found damage/);
    const { findings } = await door.orchestrator.checkCatalog('team-ml');
    expect(findings).toContainEqual({ about: 'damage', state: 'bad', says: expect.stringContaining(hurt) });

    const { plan } = await door.orchestrator.planRestore(alice, { backup: hurt });
    expect(plan.warnings[0]).toContain('DATA OF IT IS DAMAGED');
    const other = await door.orchestrator.planRestore(alice, { backup: whole });
    expect(other.plan.warnings.join()).not.toContain('DAMAGED');

    door.world.time.pass(DAY);
    expect(await check()).toMatchObject({ status: 'failed' });
    expect(paged()).toHaveLength(1);
    expect((await marks()).reread).toMatchObject({ done: 2, damaged: [{ index: 1, of: 4, backups: [hurt] }] });

    door.world.repository.damaged = [];
    door.world.time.pass(DAY);
    expect(await check()).toMatchObject({ status: 'succeeded', outcome: { slices: 2, done: 3 } });
    expect((await marks()).reread?.damaged).toEqual([]);
    await expect(retain()).rejects.toThrow(/found damage/);
    await door.orchestrator.confirmCatalog(alice, 'team-ml');
    expect(await endOf(retain())).toMatchObject({ status: 'succeeded' });
  });
});

describe('the report of what does not fit', () => {
  test('is silent where all fits, and says the same thing in the same message', async () => {
    const [id = ''] = await backUpDaily(1);
    const before = door.chat.said.length;
    await door.orchestrator.reportCatalog('team-ml');
    expect(door.chat.said).toHaveLength(before);
    door.world.repository.copies = [];
    await door.orchestrator.reportCatalog('team-ml');
    const first = said();
    expect(first?.text).toContain('1 thing in the catalog and the repository does not fit together');
    expect(first?.details?.[0]).toContain(id);
    await door.orchestrator.reportCatalog('team-ml');
    expect(said()?.key).toBe(first?.key);
  });
  test('keeps nothing from going on while the chat is down', async () => {
    const [id = ''] = await backUpDaily(1);
    door.world.repository.copies = [];
    door.chat.isDown = true;
    const { findings } = await door.orchestrator.reportCatalog('team-ml');
    expect(JSON.stringify(findings)).toContain(id);
  });
});
