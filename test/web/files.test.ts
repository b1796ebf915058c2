import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Backup } from '../../src/records/backup.ts';
import { attachment } from '../../src/web/send-file.ts';
import { FILES, putBackupWithFiles } from '../orchestrator/backup-with-files.ts';
import { openWebDoor, type Page, type WebDoor } from './web-door.ts';

let door: WebDoor;
let backup: Backup;
beforeEach(async () => {
  door = await openWebDoor({ files: ['alice'] });
  backup = await putBackupWithFiles(door);
});
afterEach(async () => {
  expect(door.bugs).toEqual([]);
  await door.dispose();
});

const look = (path = '', more = '') =>
  door.as('alice').get(`/backups/${backup.id}/files${path === '' ? '' : `?path=${encodeURIComponent(path)}`}${more}`);
const fileAt = (path: string) => `/backups/${backup.id}/file?path=${encodeURIComponent(path)}`;
const linksOf = ({ text }: Page) =>
  [...text.matchAll(/href="(\/backups\/[^"]+\/files?\?[^"]+)"/g)].map((hit) => `${hit[1]}`.replaceAll('&amp;', '&'));

describe('the files of a backup', () => {
  test('are walked from its page down to a file, by links alone', async () => {
    const page = await door.as('alice').get(`/backups/${backup.id}`);
    expect(page.text).toContain(`href="/backups/${backup.id}/files"`);
    expect((await door.as('bob').get(`/backups/${backup.id}`)).text).not.toContain('/files"');
    const [projects = ''] = linksOf(await look());
    const [alice = ''] = linksOf(await door.as('alice').get(projects)).filter((link) => link.includes('alice'));
    const folder = await door.as('alice').get(alice);
    const [, notes = ''] = linksOf(folder).filter((link) => link.includes('/file?'));
    const file = await door.as('alice').get(notes);
    expect([file.status, file.text]).toEqual([200, FILES['projects/alice/notes [1]\n.txt']]);
    expect(folder.text).toContain('aria-current="page"');
  });

  test('are shown as text, however they are called', async () => {
    const { text } = await look('projects/alice');
    expect(text).toContain('<bdi>&lt;b&gt;&amp;&quot;quoted&quot;</bdi>');
    expect(text).toContain('<bdi>notes [1]\\u{a}.txt</bdi>');
    expect(text).not.toContain('<b>');
    expect((await look()).text).not.toContain('db');
  });

  test('are paged', async () => {
    const many = Array.from({ length: 450 }, (_, at): [string, string] => [`/srv/team-ml/projects/many/${at}`, '']);
    door.world.repository.copies[0]?.entries.push(...many);
    const seen: string[] = [];
    let next: string | undefined = `/backups/${backup.id}/files?path=projects%2Fmany`;
    for (; next !== undefined; ) {
      const page: Page = await door.as('alice').get(next);
      seen.push(...linksOf(page).filter((link) => link.includes('/file?')));
      next = /href="([^"]+)" rel="next"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&');
    }
    expect([seen.length, new Set(seen).size]).toEqual([450, 450]);
    expect((await look('projects/many', '&from=-1')).status).toBe(400);
  });

  test('are told in the audit page', async () => {
    await door.as('alice').get(fileAt('projects/large'));
    const { text } = await door.as('bob').get('/audit');
    expect(text).toContain('downloaded');
    expect(text).toContain('<bdi>projects/large</bdi><data value="50000"');
  });
});

describe('a file', () => {
  test('is handed over to be kept, and never to be shown', async () => {
    const { status, headers, text } = await door.as('alice').get(fileAt('projects/large'));
    expect([status, text.length]).toEqual([200, 50_000]);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': '50000',
      'content-disposition': `attachment; filename="large"; filename*=UTF-8''large`,
      'x-content-type-options': 'nosniff',
      'content-security-policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
      'cache-control': 'no-store',
    });
    const refused = await door.as('alice').get(fileAt('projects/nothing'));
    expect(refused.headers.get('content-security-policy')).toContain("script-src 'nonce-");
  });

  test('is not read for who only asks how large it is', async () => {
    const ask = () =>
      fetch(`${door.origin}${fileAt('projects/large')}`, { method: 'HEAD', headers: { 'x-test-person': 'alice' } });
    for (let times = 0; times < 5; times += 1) {
      const { status, headers } = await ask();
      expect([status, headers.get('content-length')]).toEqual([200, '50000']);
    }
    expect(await door.catalog.audit.list(10)).toEqual([]);
  });

  test('is not read further when its reader goes away', async () => {
    const path = 'projects/huge';
    door.world.repository.copies[0]?.entries.push([`/srv/team-ml/${path}`, 'x'.repeat(50_000_000)]);
    for (let times = 0; times < 5; times += 1) {
      await new Promise<void>((resolve, reject) => {
        const asking = request(`${door.origin}${fileAt(path)}`, { headers: { 'x-test-person': 'alice' } });
        asking.once('response', (answer) => {
          answer.once('data', () => answer.destroy());
          answer.once('close', resolve);
          answer.on('error', () => undefined);
        });
        asking.once('error', reject).end();
      });
    }
    await door.settle(async () => (await door.as('alice').get(fileAt('projects/large'))).status === 200);
  });
});

test('a name fits into a header, whatever it is', () => {
  for (const [name, header] of [
    ['a b.txt', `attachment; filename="a b.txt"; filename*=UTF-8''a%20b.txt`],
    ['größe "1"', `attachment; filename="gr__e _1_"; filename*=UTF-8''gr%C3%B6%C3%9Fe%20%221%22`],
    ['a\r\nset-cookie: x', `attachment; filename="a__set-cookie_ x"; filename*=UTF-8''a__set-cookie%3A%20x`],
    ["it's (*)", `attachment; filename="it_s ___"; filename*=UTF-8''it%27s%20%28%2A%29`],
    ['..\\x', `attachment; filename=".._x"; filename*=UTF-8''.._x`],
    ['\ud800', `attachment; filename="_"; filename*=UTF-8''_`],
    ['exe.\u202etxt', `attachment; filename="exe._txt"; filename*=UTF-8''exe._txt`],
  ] as const) {
    expect(attachment(name)).toBe(header);
  }
});
