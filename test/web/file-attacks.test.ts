import { request } from 'node:http';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { putBackupWithFiles } from '../orchestrator/backup-with-files.ts';
import { createAttackTable } from './attack-table.ts';
import { type AuthDoor, openAuthDoor } from './auth-door.ts';

let door: AuthDoor;
beforeEach(async () => {
  door = await openAuthDoor();
});
afterEach(async () => {
  expect(door.bugs).toEqual([]);
  await door.dispose();
});

const { tried, refused, print } = createAttackTable();
afterAll(print);

/** Asks for a file and goes away with its first bytes. */
function leave(address: string, cookie: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const asking = request(address, { headers: { cookie } });
    asking.once('response', (answer) => {
      answer.once('data', () => answer.destroy());
      answer.on('error', () => undefined).once('close', resolve);
    });
    asking.once('error', reject).end();
  });
}

test('of a backup nobody has more than files of shared folders, and only who may', async () => {
  door.setPolicy({ files: ['alice'] });
  const own = await door.logIn('alice');
  const other = await door.logIn('bob');
  const { id } = await putBackupWithFiles(door);
  const at = (path: string, of = id) => `/backups/${of}/file?path=${path}`;
  const what = 'files of a backup';
  const good = await own.get(at('projects/large'));
  expect([good.status, good.text.length]).toEqual([200, 50_000]);

  for (const path of [
    'projects/../db/secret',
    '../../etc/passwd',
    'projects/..%2f..%2f..%2fetc%2fpasswd',
    '/etc/passwd',
  ])
    refused(what, `up and out: ${path}`, await own.get(at(path)), 400);
  for (const path of [
    'projects/%2e%2e/db/secret',
    'projects/./inner/secret',
    'projects//inner/secret',
    'projects/a%00',
  ])
    refused(what, `up and out: ${path}`, await own.get(at(path)), 400);
  for (const path of ['db', 'db/secret', 'inner/secret', 'projects/inner/secret'])
    refused(what, `a volume: ${path}`, await own.get(at(path)), 403);
  refused(what, 'the definition', await own.get(at('definition/definition.json')), 404);
  refused(what, 'a folder, as an archive of it', await own.get(at('projects/alice')), 404);
  refused(what, 'the role is missing', await other.get(at('projects/large')), 403);
  refused(what, 'the role is missing, to look', await other.get(`/backups/${id}/files`), 403);
  door.addWorkspace('other');
  const foreign = await putBackupWithFiles(door, { workspace: 'other' });
  refused(what, "another workspace's backup", await own.get(at('projects/large', foreign.id)), 403);
  refused(what, 'without a session', await door.ask(at('projects/large')), 401);
  const linked = { headers: { cookie: own.cookie, 'sec-fetch-site': 'cross-site' } };
  refused(what, 'by a link on another site', await door.ask(at('projects/large'), linked), 403);
  refused(what, 'a path of 5,000 letters', await own.get(at('x'.repeat(5_000))), 400);

  door.world.repository.copies[0]?.entries.push(['/srv/team-ml/projects/huge', 'x'.repeat(20_000_000)]);
  for (let times = 0; times < 5; times += 1) await leave(`${door.origin}${at('projects/huge')}`, own.cookie);
  await door.settle(async () => (await own.get(at('projects/large'))).status === 200);
  tried.push(`${what.padEnd(22)} ${'five huge files that their reader leaves'.padEnd(58)} ended, and others are read`);

  const shown = await own.get(`/backups/${id}/files?path=projects/alice`);
  expect([shown.status, shown.text.includes('<b>')]).toEqual([200, false]);
  tried.push(`${'XSS'.padEnd(22)} ${'the name of a file'.padEnd(58)} ${shown.status}, as text`);
  const evil = await own.get(at(encodeURIComponent('projects/alice/<b>&"quoted"')));
  expect(evil.headers['content-disposition']).toMatch(
    /^attachment; filename="_b___quoted_"; filename\*=UTF-8''[\w%.-]+$/,
  );
  expect([evil.headers['content-security-policy'], evil.headers['x-content-type-options']]).toEqual([
    "sandbox; default-src 'none'; frame-ancestors 'none'",
    'nosniff',
  ]);
  tried.push(`${'XSS'.padEnd(22)} ${'a file that is a page'.padEnd(58)} ${evil.status}, to be kept, in a sandbox`);
  const audit = await door.catalog.audit.list(50);
  const did = new Set(audit.flatMap(({ by: who, file }) => (file ? [`${who.name} ${file.path}`] : [])));
  const files = ['alice/<b>&"quoted"', 'alice', 'large', 'huge'];
  expect(did).toEqual(new Set(files.map((path) => `alice projects/${path}`)));
});
