import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { retentionRules } from '../../src/records/retention.ts';
import { makeBackup, makePart, momentAfter } from '../fakes/records.ts';
import { alice } from '../orchestrator/door.ts';
import { makeScheduled } from '../orchestrator/upkeep.ts';
import { openWebDoor, type Page, type WebDoor } from './web-door.ts';

let door: WebDoor;
beforeEach(async () => {
  door = await openWebDoor();
});
afterEach(async () => {
  expect(door.bugs).toEqual([]);
  await door.dispose();
});

/** What a person reads: without tags, and with one space between words. */
function readable({ text }: Page): string {
  const main = /<main[\s\S]*<\/main>/.exec(text)?.[0] ?? '';
  return main
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

const rowsOf = ({ text }: Page): string[] =>
  [...text.matchAll(/href="\/backups\/(bkp_\w+)"/g)].map((hit) => `${hit[1]}`);
const placeOf = ({ headers }: Page): string => headers.get('location') ?? '';
const nextOf = ({ text }: Page): string | undefined =>
  /href="([^"]+)" rel="next"/.exec(text)?.[1]?.replaceAll('&amp;', '&');

describe('the list of backups', () => {
  test('is filtered, sorted and paged by its address alone', async () => {
    for (let count = 0; count < 120; count += 1) {
      await door.catalog.backups.save(
        makeBackup({
          takenAt: momentAfter(count),
          bytes: ((count * 37) % 120) * 1_000,
          workspace: count % 2 === 0 ? 'team-ml' : 'other',
          ...(count === 7 ? { name: 'before the upgrade', status: 'incomplete' as const } : {}),
        }),
      );
    }
    const first = await door.as('alice').get('/backups');
    expect(new Set(rowsOf(first)).size).toBe(50);
    const seen = new Set(rowsOf(first));
    let pages = 1;
    for (let next = nextOf(first); next !== undefined; pages += 1) {
      const page = await door.as('alice').get(next);
      for (const id of rowsOf(page)) seen.add(id);
      next = nextOf(page);
    }
    expect([seen.size, pages]).toEqual([120, 3]);
    expect(rowsOf(await door.as('alice').get('/backups?workspace=other&text=UPGRADE'))).toHaveLength(1);
    expect(rowsOf(await door.as('alice').get('/backups?state=incomplete'))).toHaveLength(1);
    expect(readable(await door.as('alice').get('/backups?by=nobody'))).toContain('No backup is like that.');
    const bySize = await door.as('alice').get('/backups?order=bytes&direction=up');
    const sizes = [...bySize.text.matchAll(/data-head="Size"[^>]*><data value="(\d+)"/g)].map((hit) => Number(hit[1]));
    expect(sizes).toEqual(sizes.toSorted((one, other) => one - other));
    expect(sizes).toHaveLength(50);
  });

  test('refuses what it cannot read, in words', async () => {
    for (const query of ['order=__proto__', 'after=x', 'from=yesterday', `text=${'x'.repeat(201)}`, 'workspace=../x']) {
      expect([query, (await door.as('alice').get(`/backups?${query}`)).status]).toEqual([query, 400]);
    }
  });
});

describe('a backup', () => {
  test('tells where it is kept, how long it stays, and what was written down when it was made', async () => {
    const id = await door.backUp();
    const settings = door.workspaces['team-ml'];
    const page = readable(await door.as('bob').get(`/backups/${id}`));
    expect(page).toContain('Protected in the folder /repository: on this server, unless');
    expect(page).toContain('Stays for ever: its workspace has no rules of retention');
    for (const line of ['It began.', 'store manifest: done', 'It succeeded.']) expect(page).toContain(line);
    if (settings) door.workspaces['team-ml'] = { ...settings, retention: retentionRules.parse({ last: 1 }) };
    expect(readable(await door.as('bob').get(`/backups/${id}`))).toMatch(
      /Stays kept by the rules now: .*last: number 1/,
    );
    const cells = (text: string, head: string) =>
      [...text.matchAll(new RegExp(`data-head="${head}"[^>]*>(.*?)</td>`, 'g'))].map((hit) => `${hit[1]}`);
    const old = makeBackup({ takenAt: momentAfter(-10_000), parts: [makePart()] });
    const held = makeBackup({ takenAt: momentAfter(-20_000), pinned: { by: 'bob', at: momentAfter(0) } });
    for (const one of [old, held]) await door.catalog.backups.save(one);
    const { text } = await door.as('bob').get('/backups');
    expect(cells(text, 'Protected')).toEqual(['on this server', 'on this server', 'on this server']);
    const said = cells(text, 'Expires').map((cell) => cell.replace(/<[^>]+>/g, ''));
    expect(said).toEqual(['kept by the rules now', expect.stringContaining('goes with the next retention'), 'pinned']);
  });

  test('is told with its parts, its warnings and how it was made', async () => {
    const id = await door.backUp();
    const text = readable(await door.as('bob').get(`/backups/${id}`));
    for (const word of ['completed', 'two-pass', 'How it was made', 'store manifest', 'Services were down for']) {
      expect(text).toContain(word);
    }
    const partial = makeBackup({
      status: 'incomplete',
      leftOut: [{ name: 'archive', reason: 'it is external' }],
      parts: [makePart({ consistent: false, unreadable: [{ path: 'a/b', accepted: false }] })],
      warnings: ['Could not be read: db/a/b', 'The disk is nearly full.'],
    });
    await door.catalog.backups.save(partial);
    const told = readable(await door.as('bob').get(`/backups/${partial.id}`));
    for (const word of ['incomplete', 'archive: it is external', 'Not consistent', 'The disk is nearly full.']) {
      expect(told).toContain(word);
    }
    expect(told.split('a/b')).toHaveLength(2); // once, by its part
    expect(told).toContain('1 path of db could not be read a/b');
    expect((await door.as('bob').get('/backups/bkp_0000000000')).status).toBe(404);
  });

  test('is pinned and unpinned, and that stands in the audit trail', async () => {
    const id = await door.backUp();
    expect(placeOf(await door.as('bob').post(`/backups/${id}/pin`, { reason: 'the last of 1.4' }))).toBe(
      `/backups/${id}`,
    );
    expect(readable(await door.as('bob').get(`/backups/${id}`))).toContain('by bob: the last of 1.4');
    await door.as('bob').post(`/backups/${id}/unpin`);
    expect(readable(await door.as('bob').get('/audit'))).toMatch(/unpinned.*pinned/);
  });
});

describe('a restore', () => {
  test('is asked for with what it overwrites in sight, refused to its requester, and approved by another', async () => {
    const backup = await door.backUp();
    const plan = readable(await door.as('alice').get(`/backups/${backup}/restore`));
    expect(plan).toMatch(/Nothing has been done yet.*Overwrites db/);
    const unconfirmed = await door.as('alice').post(`/backups/${backup}/restore`, { confirm: 'team-mk' });
    expect(unconfirmed.status).toBe(403);
    const asked = await door.as('alice').post(`/backups/${backup}/restore`, { confirm: 'team-ml', now: 'yes' });
    expect(asked.status).toBe(303);
    const address = placeOf(asked);
    expect(readable(await door.as('alice').get(address))).toContain(
      'You asked for it, so another person decides: bob, carol',
    );
    expect(readable(await door.as('alice').get('/requests'))).toMatch(/waits for a decision 0 of 1 bob, carol/);
    const own = await door.as('alice').post(`${address}/approve`);
    expect([own.status, readable(own)]).toEqual([403, expect.stringContaining('you may not decide on it')]);
    expect((await door.as('bob').post(`${address}/approve`, { csrf: 'csrf of alice' })).status).toBe(403);
    const approved = await door.as('bob').post(`${address}/approve`);
    expect(placeOf(approved)).toMatch(/^\/operations\/op_/);
    const [running] = door.orchestrator.running();
    if (running) await door.drive(running.ended);
    expect(readable(await door.as('bob').get(placeOf(approved)))).toContain('succeeded');
    expect((await door.as('carol').post(`${address}/deny`, { reason: 'too late' })).status).toBe(409);
    const undo = readable(await door.as('carol').get(`${placeOf(approved)}/undo`));
    expect(undo).toContain('Brings back db');
  });

  test('of a workspace that is not configured any more is still shown, and waits for nobody', async () => {
    const backup = await door.backUp();
    const asked = placeOf(await door.as('alice').post(`/backups/${backup}/restore`, { confirm: 'team-ml' }));
    delete door.workspaces['team-ml'];
    expect((await door.as('bob').get(asked)).status).toBe(200);
    expect(readable(await door.as('bob').get('/requests'))).toContain('waits for a decision');
  });

  test('is denied with a reason only, and taken back by nobody but who asked', async () => {
    const backup = await door.backUp();
    const ask = async () => placeOf(await door.as('alice').post(`/backups/${backup}/restore`, { confirm: 'team-ml' }));
    const denied = await ask();
    expect((await door.as('bob').post(`${denied}/deny`)).status).toBeGreaterThanOrEqual(400);
    expect((await door.as('bob').post(`${denied}/deny`, { reason: 'people work' })).status).toBe(303);
    expect(readable(await door.as('alice').get(denied))).toMatch(/bob denied .* people work/);
    const other = await ask();
    expect((await door.as('bob').post(`${other}/withdraw`)).status).toBe(403);
    expect((await door.as('alice').post(`${other}/withdraw`)).status).toBe(303);
    expect(readable(await door.as('alice').get('/requests'))).toContain('withdrawn');
  });
});

test('a deletion is asked for with its plan in sight', async () => {
  const older = await door.backUp();
  await door.backUp();
  expect(readable(await door.as('alice').get(`/backups/${older}/delete`))).toContain('for ever');
  const asked = await door.as('alice').post(`/backups/${older}/delete`, { confirm: 'team-ml', reason: 'room' });
  await door.as('bob').post(`${placeOf(asked)}/approve`);
  const [running] = door.orchestrator.running();
  if (running) await door.drive(running.ended);
  expect(readable(await door.as('bob').get(`/backups/${older}`))).toContain('deleted');
});

describe('a workspace', () => {
  test('has a card, and a page with its services, parts, charts and history', async () => {
    const backup = await door.backUp();
    await door.backUp();
    const cards = await door.as('alice').get('/');
    expect(readable(cards)).toMatch(/team-ml ● up Last completed/);
    const page = await door.as('alice').get('/workspaces/team-ml');
    expect(readable(page)).toMatch(/web up.*As they were captured last.*History/);
    expect(page.text).toContain(backup.replace('bkp_', 'op_'));
    expect(page.text.match(/<rect/g)).toHaveLength(6);
    const picture = await door.as('alice').get('/workspaces/team-ml/downtime.svg');
    expect([picture.headers.get('content-type'), picture.text]).toEqual([
      'image/svg+xml',
      expect.stringMatching(/^<svg [\s\S]*fill="#1d5fae"/),
    ]);
    for (const name of ['team-mk', 'op_0000000000', backup]) {
      expect([name, (await door.as('alice').get(`/workspaces/${name}`)).status]).toEqual([name, 404]);
    }
  });

  test('is marked overdue when its last backup is too old', async () => {
    await door.backUp();
    expect(readable(await door.as('alice').get('/'))).not.toContain('overdue');
    door.setUpkeep({ workspaces: { 'team-ml': { rpoMs: 26 * 3_600_000 } } });
    expect(readable(await door.as('alice').get('/'))).not.toContain('overdue');
    door.world.time.pass(27 * 3_600_000);
    expect(readable(await door.as('alice').get('/'))).toContain('backup overdue');
  });

  test('tells what its rules keep, and removes nothing', async () => {
    await door.backUp();
    expect(readable(await door.as('alice').get('/workspaces/team-ml/retention'))).toContain('everything is kept');
  });

  test('is checked without disturbing anybody', async () => {
    expect(readable(await door.as('alice').get('/workspaces/team-ml/check'))).toContain('Looked at just now');
  });
});

describe('schedules', () => {
  test('are shown with their next times, and are paused, resumed and skipped', async () => {
    expect(readable(await door.as('alice').get('/schedules'))).toContain('Nothing is scheduled.');
    door.setUpkeep({ schedules: [makeScheduled('nightly', { when: 'nightly at 02:00', zone: 'Europe/Berlin' })] });
    const change = (what: string, more = {}) =>
      door.as('bob').post('/schedules', { workspace: 'team-ml', name: 'nightly', what, ...more });
    const next = '2026-03-02T01:00:00.000Z';
    expect((await door.as('bob').get('/schedules')).text).toContain(`datetime="${next}"`);
    expect((await door.as('bob').get('/')).text).toContain(`datetime="${next}"`);
    expect((await change('skip')).status).toBe(303);
    expect(readable(await door.as('bob').get('/schedules'))).toMatch(/leaves out 2026-03-02 01:00 UTC \(bob\)/);
    await change('pause', { reason: 'the big move' });
    expect(readable(await door.as('bob').get('/schedules'))).toContain('paused by bob: the big move');
    expect((await change('pause')).status).toBeGreaterThanOrEqual(400);
    await change('resume');
    expect(readable(await door.as('bob').get('/schedules'))).not.toContain('paused by bob');
    expect((await change('explode')).status).toBe(400);
    expect((await door.as('bob').post('/schedules', { name: 'nobody', what: 'pause' })).status).toBeGreaterThanOrEqual(
      400,
    );
  });
});

test('a backup that was asked for here is postponed and cancelled here', async () => {
  const asked = await door
    .as('carol')
    .post('/workspaces/team-ml/backup', { reason: 'before the upgrade', notice: '10m' });
  const address = placeOf(asked);
  expect(address).toMatch(/^\/operations\/op_/);
  const [running] = door.orchestrator.running();
  await door.settle(() => running?.view().stopsAt !== undefined);
  const before = running?.view().stopsAt ?? '';
  expect(readable(await door.as('bob').get(address))).toMatch(/Services stop at .* Postpone/);
  await door.as('bob').post(`${address}/postpone`, { by: '30m' });
  expect(Date.parse(running?.view().stopsAt ?? '') - Date.parse(before)).toBe(1_800_000);
  expect((await door.as('bob').post(`${address}/postpone`, { by: 'a while' })).status).toBe(400);
  expect((await door.as('alice').post('/workspaces/team-ml/backup')).status).toBe(409);
  await door.as('bob').post(`${address}/cancel`, { reason: 'not today' });
  if (running) await door.drive(running.ended);
  expect(readable(await door.as('bob').get(address))).toMatch(/cancelled.*Cancelled by bob: not today/);
  expect((await door.as('bob').post(`${address}/cancel`)).status).toBeGreaterThanOrEqual(400);
});

test('an address or a form that means nothing is refused in words, and is nobody’s bug', async () => {
  const odd = [
    '%00',
    '%0d%0aSet-Cookie:%20x=1',
    '%E0%A4%A',
    '..%2f..%2fetc%2fpasswd',
    '__proto__',
    'constructor',
    'x'.repeat(2_000),
    '%F0%9F%92%A9',
  ];
  const places = [
    'backups',
    'backups/ID/restore',
    'backups/ID/delete',
    'operations',
    'operations/ID/live',
    'operations/ID/undo',
  ];
  const others = [
    'requests',
    'workspaces',
    'workspaces/ID/check',
    'workspaces/ID/retention',
    'workspaces/ID/downtime.svg',
  ];
  for (const place of [...places, ...others]) {
    for (const id of odd) {
      const address = place.includes('ID') ? `/${place.replace('ID', id)}` : `/${place}/${id}`;
      const { status, headers } = await door.as('alice').get(address);
      expect([address.slice(0, 80), status >= 400 && status < 500, headers.get('set-cookie')]).toEqual([
        address.slice(0, 80),
        true,
        null,
      ]);
    }
  }
  const changes = [
    'backups/ID/pin',
    'backups/ID/verify',
    'backups/ID/restore',
    'operations/ID/cancel',
    'operations/ID/now',
  ];
  for (const change of [
    ...changes,
    'requests/ID/approve',
    'requests/ID/withdraw',
    'workspaces/ID/backup',
    'workspaces/ID/start',
  ]) {
    for (const [at, id] of odd.entries()) {
      // By two people: each may change things only so often.
      const { status } = await door.as(at % 2 === 0 ? 'alice' : 'bob').post(`/${change.replace('ID', id)}`);
      expect([change, id.slice(0, 30), status >= 400 && status < 429]).toEqual([change, id.slice(0, 30), true]);
    }
  }
  expect((await door.as('alice').post('/workspaces/team-ml/backup', { reason: 'x'.repeat(100_000) })).status).toBe(413);
  expect((await door.as('alice').post('/workspaces/team-ml/backup', { reason: 'x'.repeat(301) })).status).toBe(400);
});

describe('what people wrote', () => {
  const evil = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`;

  test('is text on every page, whatever it is', async () => {
    const name = evil.slice(0, 60);
    const asked = await door.as('alice').post('/workspaces/team-ml/backup', { reason: evil, name, now: 'yes' });
    const [running] = door.orchestrator.running();
    if (running) await door.drive(running.ended);
    const id = placeOf(asked).replace('/operations/op_', 'bkp_');
    await door.as('alice').post(`/backups/${id}/pin`, { reason: evil });
    const parts = [makePart({ name: 'db', crashConsistent: [evil], unreadable: [{ path: evil, accepted: false }] })];
    const hostile = makeBackup({
      name,
      reason: evil,
      parts,
      warnings: [evil],
      leftOut: [{ name: evil, reason: evil }],
      release: evil,
    });
    await door.catalog.backups.save(hostile);
    const wish = { backup: id, confirm: 'team-ml', reason: evil };
    const request = await door.orchestrator.requestRestore(alice, wish);
    await door.as('bob').post(`/requests/${request.id}/deny`, { reason: evil });
    const pages = [
      ...['/', '/workspaces/team-ml', '/backups', `/backups/${id}`, `/backups/${hostile.id}`, `/backups/${id}/restore`],
      ...[
        '/operations',
        placeOf(asked),
        '/requests',
        `/requests/${request.id}`,
        '/audit',
        `/backups/${encodeURIComponent(evil)}`,
      ],
      `/backups?text=${encodeURIComponent(evil)}`,
      `/audit?subject=${encodeURIComponent(evil)}`,
      `/backups/${id}/restore?only=${encodeURIComponent(evil)}`,
    ];
    for (const address of pages) {
      const { text } = await door.as('bob').get(address);
      expect([address, /<script>alert|<img/i.exec(text)?.[0]]).toEqual([address, undefined]);
      expect([address, /="[^"]*"'>/.exec(text)?.[0]]).toEqual([address, undefined]);
    }
    expect((await door.as('bob').get('/audit')).text).toContain('&lt;script&gt;');
  });
});
