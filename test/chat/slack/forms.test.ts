import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { alice } from '../../orchestrator/door.ts';
import { makeScheduled } from '../../orchestrator/upkeep.ts';
import { createSlackWorld, type SlackWorld } from './slack-world.ts';

let world: SlackWorld;
beforeEach(async () => {
  world = await createSlackWorld();
});
afterEach(async () => {
  expect(world.bugs).toEqual([]);
  await world.dispose();
});

const modal = async (user: string, has: string) =>
  world.slack.when(() => {
    const top = world.slack.modals(user).at(-1);
    return top && JSON.stringify(top.view).includes(has) ? top : undefined;
  });

async function endAll(): Promise<void> {
  for (const running of world.door.orchestrator.running()) {
    await running.cancel(running.operation().by).catch(() => undefined);
    await world.door.drive(running.ended);
  }
}

describe('a form', () => {
  test.each(['/cml', '/cml backup'])(
    'is opened by %s alone, with its choices filled in, and says the word',
    async (line) => {
      await world.slack.type('UALICE', 'CML', line);
      await modal('UALICE', 'field:workspace');
      const sent = await world.slack.submit('UALICE', {
        'field:workspace': 'team-ml',
        'field:notice': '20m',
        'field:timeout': '2h',
        'field:reason': 'before the upgrade',
      });
      expect(sent.error).toBeUndefined();
      expect(await world.told('UALICE')).toContain('The backup of team-ml has begun');
      expect(world.slack.modals('UALICE')).toEqual([]);
      const [running] = world.door.orchestrator.running();
      expect(running?.operation()).toMatchObject({
        by: { name: 'alice' },
        reason: 'before the upgrade',
        input: { noticeMs: 1_200_000 },
        settings: { policy: { timeout: 7_200_000 } },
      });
      await endAll();
    },
  );

  test('has chosen already what alone can be chosen, and shows how times are written', async () => {
    await world.slack.type('UALICE', 'CML', '/cml backup');
    const form = await modal('UALICE', 'field:workspace');
    expect(JSON.stringify(form.view)).toContain('such as 30s, 10m or 1h30m');
    await world.slack.submit('UALICE', {});
    expect(await world.told('UALICE')).toContain('The backup of team-ml has begun');
    await endAll();
  });

  test('offers what can be decided, steered and undone, to those who may', async () => {
    const backup = await world.door.backUp();
    const wish = { backup, confirm: 'team-ml', reason: 'lost' };
    const { id } = await world.door.orchestrator.requestRestore(alice, wish);
    await world.slack.type('UBOB', 'CML', '/cml approve');
    expect(JSON.stringify((await modal('UBOB', id)).view)).toContain(`team-ml: alice asks to restore ${backup}`);
    await world.slack.submit('UBOB', { 'field:request': id });
    expect(await world.told('UBOB')).toContain('Approved by bob');
    const [running] = world.door.orchestrator.running();
    const operation = running?.operation().id ?? '';
    for (const word of ['postpone', 'cancel']) {
      await world.slack.type('UALICE', 'CML', `/cml ${word}`);
      expect(JSON.stringify((await modal('UALICE', `form:${word}`)).view)).toContain(operation);
    }
    await endAll();
    const own = await world.door.orchestrator.requestRestore(alice, wish);
    await world.slack.type('UALICE', 'CML', '/cml approve');
    expect(JSON.stringify((await modal('UALICE', 'form:approve')).view)).not.toContain(own.id);
    await world.slack.type('UALICE', 'CML', '/cml cancel');
    await modal('UALICE', own.id);
    await world.slack.submit('UALICE', { 'field:subject': own.id });
    expect(await world.told('UALICE')).toContain('taken back');
  });

  test('pauses a schedule that is chosen among those there are', async () => {
    world.door.setUpkeep({ schedules: [makeScheduled('nightly', { when: 'nightly at 02:00' })] });
    await world.slack.type('UALICE', 'CML', '/cml schedule');
    expect(await world.told('UALICE')).toContain('1 schedule.');
    await world.slack.type('UALICE', 'CML', '/cml');
    const form = await modal('UALICE', 'field:workspace');
    await world.slack.click('UALICE', form, 'form:other-word', { choose: 'schedule' });
    expect(JSON.stringify((await modal('UALICE', 'form:schedule')).view)).toContain('nightly: team-ml');
    const chosen = {
      'field:what': 'pause',
      'field:workspace': 'team-ml',
      'field:name': 'nightly',
      'field:reason': 'fair',
    };
    await world.slack.submit('UALICE', chosen);
    expect(await world.told('UALICE', 2)).toContain('paused');
  });

  test('shows what is wrong under the field where it stands, and stays open', async () => {
    await world.slack.type('UALICE', 'CML', '/cml backup');
    await modal('UALICE', 'field:workspace');
    const sent = await world.slack.submit('UALICE', { 'field:workspace': 'team-ml', 'field:notice': 'soon' });
    expect(sent.ack).toMatchObject({
      response_action: 'errors',
      errors: { 'field:notice': expect.stringContaining('soon') },
    });
    expect(world.slack.modals('UALICE')).toHaveLength(1);
    expect(world.door.orchestrator.running()).toEqual([]);
  });

  test('becomes that of another word when one is chosen', async () => {
    await world.slack.type('UALICE', 'CML', '/cml');
    const form = await modal('UALICE', 'field:workspace');
    await world.slack.click('UALICE', form, 'form:other-word', { choose: 'list' });
    await modal('UALICE', 'field:operations');
    await world.slack.submit('UALICE', { 'field:workspace': 'team-ml', 'field:operations': ['yes'] });
    expect(await world.told('UALICE')).toContain('Nothing was done of team-ml yet.');
  });

  test.each([
    'approve',
    'cancel',
    'check',
    'delete',
    'deny',
    'pin',
    'postpone',
    'restore',
    'start',
    'undo',
    'unpin',
    'verify',
  ])('of %s is within the limits of Slack', async (word) => {
    await world.slack.type('UALICE', 'CML', `/cml ${word}`);
    await modal('UALICE', `form:${word}`);
    expect(world.slack.ephemerals('UALICE')).toEqual([]);
  });

  test('is opened by the shortcut of the workspace', async () => {
    await world.slack.shortcut('UBOB', 'cml_backup');
    await modal('UBOB', 'field:workspace');
    await world.slack.submit('UBOB', { 'field:workspace': 'team-ml' });
    await world.slack.when(() => (world.slack.dms('UBOB').length > 0 ? true : undefined));
    expect(world.slack.dms('UBOB').at(-1)?.text).toContain('The backup of team-ml has begun');
    await endAll();
  });

  test('that Slack does not take in time is replaced by the line to type', async () => {
    world.slack.faults.next('views.open', { kind: 'error', word: 'expired_trigger_id' });
    await world.slack.type('UALICE', 'CML', '/cml backup');
    expect(await world.told('UALICE')).toContain('/cml help backup');
  });
});

describe('a restore', () => {
  test('shows its plan, has the name of the workspace typed, and is then asked for', async () => {
    const backup = await world.door.backUp();
    await world.slack.type('UALICE', 'CML', `/cml restore ${backup}`);
    const shown = await modal('UALICE', 'confirm:restore');
    expect(JSON.stringify(shown.view)).toContain('Overwrites db (/live/db)');
    const refused = await world.slack.submit('UALICE', { confirm: 'team-m', reason: 'lost a file' });
    expect(refused.ack).toMatchObject({ errors: { confirm: expect.stringContaining('type team-ml') } });
    const sent = await world.slack.submit('UALICE', { confirm: 'team-ml', reason: 'lost a file' });
    expect(sent.error).toBeUndefined();
    expect(await world.told('UALICE')).toContain('alice asks to restore');
    const [request] = await world.door.catalog.requests.list();
    expect(request).toMatchObject({
      status: 'pending',
      reason: 'lost a file',
      by: { proof: 'slack', slack: 'UALICE' },
    });
  });

  test('that cannot be planned says why in the form', async () => {
    await world.slack.type('UALICE', 'CML', '/cml restore bkp_0000000000');
    expect(JSON.stringify(await modal('UALICE', 'bkp_0000000000'))).toContain('There is no backup');
    expect(await world.door.catalog.requests.list()).toEqual([]);
  });

  test('is asked for by one line that says it all', async () => {
    const backup = await world.door.backUp();
    await world.slack.type('UALICE', 'CML', `/cml restore ${backup} --confirm team-ml --reason "it's broken"`);
    expect(await world.told('UALICE')).toContain("it's broken");
    expect(world.slack.modals('UALICE')).toEqual([]);
  });

  test('chosen in the form goes on to the plan in the same window', async () => {
    const backup = await world.door.backUp();
    await world.slack.shortcut('UALICE', 'cml_restore');
    await modal('UALICE', backup);
    await world.slack.submit('UALICE', { 'field:backup': backup });
    await modal('UALICE', 'confirm:restore');
    expect(world.slack.modals('UALICE')).toHaveLength(1);
    await world.slack.submit('UALICE', { confirm: 'team-ml', reason: 'lost a file' });
    await world.slack.when(() => (world.slack.dms('UALICE').length > 0 ? true : undefined));
    expect(await world.door.catalog.requests.list()).toHaveLength(1);
  });

  test('of more than a window can keep is refused where it was filled in, which stays, or with a line that says it', async () => {
    const backup = await world.door.backUp();
    const paths = Array.from({ length: 150 }, (_, at) => `db/folder/file-${at}`);
    await world.slack.type(
      'UALICE',
      'CML',
      `/cml restore ${backup} ${paths.map((path) => `--only ${path}`).join(' ')}`,
    );
    const told = await world.told('UALICE');
    expect(told).toMatch(/This is \d+ characters more than a window of Slack can keep/);
    expect(told).toContain(`/cml restore ${backup} --only=db/folder/file-0 `);
    expect(JSON.stringify(world.slack.ephemerals('UALICE').at(-1))).toContain(
      'file-149 --confirm=<workspace> --reason=',
    );
    await world.slack.type('UALICE', 'CML', '/cml restore');
    await modal('UALICE', backup);
    const sent = await world.slack.submit('UALICE', { 'field:backup': backup, 'field:only': paths.join('\n') });
    expect(sent.ack).toMatchObject({
      response_action: 'errors',
      errors: { 'field:only': expect.stringContaining('more than Slack can keep') },
    });
    const fitting = { 'field:backup': backup, 'field:only': paths.slice(0, 100).join('\n') };
    expect((await world.slack.submit('UALICE', fitting)).ack).toMatchObject({ response_action: 'update' });
  });

  test('that cannot be planned as it was filled in says why above it, with all that was filled in', async () => {
    const backup = await world.door.backUp();
    await world.slack.type('UALICE', 'CML', '/cml restore');
    await modal('UALICE', backup);
    const typed = {
      'field:backup': backup,
      'field:only': 'db/none',
      'field:reason': 'lost a file',
      'field:notice': '20m',
    };
    await world.slack.submit('UALICE', typed);
    const again = JSON.stringify((await modal('UALICE', 'is not in')).view);
    for (const text of ['db/none', 'lost a file', '20m']) expect(again).toContain(`"initial_value":"${text}"`);
    const mended = await world.slack.submit('UALICE', { 'field:only': '' });
    expect(mended.ack).toMatchObject({ response_action: 'update' });
    await modal('UALICE', 'confirm:restore');
    await world.slack.submit('UALICE', { confirm: 'team-ml' });
    expect(await world.told('UALICE')).toContain('lost a file');
  });

  test('or a word that is refused after its window was sent gives back what was typed, as a line', async () => {
    await world.slack.type('UALICE', 'CML', '/cml backup team-ml');
    await world.told('UALICE');
    await world.slack.type('UALICE', 'CML', '/cml backup');
    await modal('UALICE', 'field:workspace');
    await world.slack.submit('UALICE', { 'field:reason': 'before the upgrade', 'field:notice': '20m' });
    const told = await world.told('UALICE', 2);
    expect(told).toContain('is busy with the backup');
    expect(told).toContain('/cml backup team-ml --reason="before the upgrade" --notice=20m');
    await endAll();
  });

  test('whose window Slack does not redraw is told, since one would wait there for ever', async () => {
    const backup = await world.door.backUp();
    world.slack.faults.next('views.update', { kind: 'error', word: 'internal_error' }, 2);
    await world.slack.type('UALICE', 'CML', `/cml restore ${backup}`);
    expect(await world.told('UALICE')).toContain('could not be brought up to date');
  });

  test('whose window was closed before its plan was there says nothing more', async () => {
    world.slack.faults.next('views.update', { kind: 'error', word: 'not_found' });
    await world.slack.type('UALICE', 'CML', '/cml restore bkp_0000000000');
    await world.slack.when(() => world.slack.requests.find(({ method }) => method === 'views.update'));
    await world.slack.type('UALICE', 'CML', '/cml help');
    await world.toldOf('UALICE', 'Explain all words');
    expect(world.slack.ephemerals('UALICE')).toHaveLength(1);
  });
});
