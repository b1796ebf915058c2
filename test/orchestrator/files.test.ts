import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createReaders } from '../../src/orchestrator/readers.ts';
import type { Backup } from '../../src/records/backup.ts';
import { putBackupWithFiles } from './backup-with-files.ts';
import { alice, bob, type Door, openDoor } from './door.ts';

const NOTES = 'projects/alice/notes [1]\n.txt';

let door: Door;
let backup: Backup;
beforeEach(async () => {
  door = await openDoor({ files: ['alice'] });
  backup = await putBackupWithFiles(door);
});
afterEach(async () => {
  expect(door.bugs).toEqual([]);
  await door.dispose();
});

const browse = (path?: string, from?: number, limit?: number) =>
  door.orchestrator.browseBackup(alice, { backup: backup.id, path, from, limit });
const download = (path: string, who = alice) => door.orchestrator.downloadFile(who, { backup: backup.id, path });
const namesIn = async (path?: string) => (await browse(path)).entries.map(({ name }) => name);
const audited = async () => (await door.catalog.audit.list(50)).map(({ by, did, file }) => [by.name, did, file]);

describe('looking into a backup', () => {
  it('shows shared folders and what is in them, and nothing of volumes', async () => {
    expect(await namesIn()).toEqual(['projects']);
    expect(await namesIn('projects')).toEqual(['alice', 'large']);
    expect(await namesIn('projects/alice/')).toEqual(['<b>&"quoted"', 'notes [1]\n.txt']);
    for (const path of ['db', 'db/secret', 'inner', 'projects/inner', 'projects/inner/secret']) {
      await expect(browse(path)).rejects.toMatchObject({ code: 'not-allowed' });
      await expect(download(path)).rejects.toMatchObject({ code: 'not-allowed' });
    }
  });

  it('goes on where a page ended', async () => {
    const first = await browse('projects/alice', 0, 1);
    expect([first.entries.length, first.next]).toEqual([1, 1]);
    const second = await browse('projects/alice', first.next, 1);
    expect([second.entries[0]?.name, second.next]).toEqual(['notes [1]\n.txt', undefined]);
  });

  it('takes plain paths only, and says what is not there', async () => {
    const odd = ['../db', 'projects/../db/secret', 'projects/./alice', 'projects//alice', '/projects', 'projects/a\0b'];
    for (const path of [...odd, `projects/${'x'.repeat(5_000)}`]) {
      await expect(browse(path)).rejects.toMatchObject({ code: 'bad-input' });
      await expect(download(path)).rejects.toMatchObject({ code: 'bad-input' });
    }
    await expect(browse('projets')).rejects.toMatchObject({ code: 'unknown-file', hint: 'Did you mean "projects"?' });
    for (const path of ['projects/nobody', 'projects/large'])
      await expect(browse(path)).rejects.toMatchObject({ code: 'unknown-file' });
    for (const path of ['projects', 'projects/alice', 'projects/nobody'])
      await expect(download(path)).rejects.toMatchObject({ code: 'unknown-file' });
  });

  it('is for those whom the configuration names, and for nobody else', async () => {
    await expect(download(NOTES, bob)).rejects.toMatchObject({ code: 'not-allowed', hint: 'Who may: alice.' });
    await expect(door.orchestrator.browseBackup(bob, { backup: backup.id })).rejects.toMatchObject({
      code: 'not-allowed',
    });
    door.addWorkspace('other');
    const foreign = await putBackupWithFiles(door, { workspace: 'other' });
    const asked = door.orchestrator.downloadFile(alice, { backup: foreign.id, path: NOTES });
    await expect(asked).rejects.toMatchObject({ code: 'not-allowed', hint: expect.stringContaining('policy.files') });
    door.setPolicy({});
    await expect(download(NOTES)).rejects.toMatchObject({ code: 'not-allowed' });
    expect(await audited()).toEqual([]);
  });

  it('is over once the backup is being deleted, and waits while its repository is pruned', async () => {
    await door.catalog.backups.change(backup.id, (now) => ({ ...now, status: 'deleting' }));
    await expect(browse('projects')).rejects.toMatchObject({ code: 'too-late' });
    await door.catalog.backups.change(backup.id, (now) => ({ ...now, status: 'completed' }));
    const running = await door.orchestrator.prune(alice, 'team-ml');
    await expect(download(NOTES)).rejects.toMatchObject({ code: 'workspace-busy' });
    await door.drive(running.ended);
    expect((await download(NOTES)).bytes).toBe(5);
  });
});

describe('downloading a file', () => {
  it('gives its bytes, and stands in the audit trail before the first of them', async () => {
    const { append } = door.catalog.audit;
    door.catalog.audit.append = () => Promise.reject(new Error('the disk is full'));
    await expect(download(NOTES)).rejects.toThrow('the disk is full');
    door.catalog.audit.append = append;
    const { name, bytes, body } = await download(NOTES);
    expect(await audited()).toEqual([['alice', 'downloaded', { path: NOTES, bytes: 5 }]]);
    expect([name, bytes, await text(body)]).toEqual(['notes [1]\n.txt', 5, 'hello']);
    await browse('projects/alice');
    expect((await audited())[0]).toEqual(['alice', 'looked into', { path: 'projects/alice' }]);
  });

  it('tells what it would be without reading it', async () => {
    expect(await door.orchestrator.findFile(alice, { backup: backup.id, path: 'projects/large' })).toMatchObject({
      name: 'large',
      bytes: 50_000,
    });
    expect(await audited()).toEqual([]);
  });

  it('is for few at once, and lets the next one in when one has finished or left', async () => {
    const open = await Promise.all([1, 2, 3].map(() => download('projects/large')));
    await expect(download(NOTES)).rejects.toMatchObject({ code: 'too-often' });
    await expect(browse('projects')).rejects.toMatchObject({ code: 'too-often' });
    await open[0]?.body.cancel();
    expect(await text((await download(NOTES)).body)).toBe('hello');
    const leave = new AbortController();
    const reading = door.orchestrator.downloadFile(alice, { backup: backup.id, path: 'projects/large' }, leave.signal);
    const left = (await reading).body.getReader();
    await left.read();
    await expect(download(NOTES)).rejects.toMatchObject({ code: 'too-often' });
    leave.abort();
    expect((await download(NOTES)).bytes).toBe(5);
    const toEnd = async () => {
      while (!(await left.read()).done);
    };
    await expect(toEnd()).rejects.toMatchObject({ code: 'mover-unavailable' });
  });
});

it('nobody who stands still keeps others out', async () => {
  const readers = createReaders({ atOnce: 1, patienceMs: 30 });
  const first = readers.begin();
  expect(() => readers.begin()).toThrow('look into backups');
  await new Promise<void>((resolve) => first.signal.addEventListener('abort', () => resolve()));
  expect(first.signal.reason).toMatchObject({ code: 'mover-unavailable', retryable: true });
  const second = readers.begin();
  first.end(); // a second time: it takes away nobody else's place
  expect(() => readers.begin()).toThrow('look into backups');
  second.end();
  readers.begin().end();
});
