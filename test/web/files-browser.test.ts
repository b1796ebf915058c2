import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import axe from 'axe-core';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Backup } from '../../src/records/backup.ts';
import { makeId, momentAfter } from '../fakes/records.ts';
import { putBackupWithFiles } from '../orchestrator/backup-with-files.ts';
import { openWebDoor, type WebDoor } from './web-door.ts';

const CHROMIUM = '/usr/bin/chromium';
const hasBrowser = existsSync(CHROMIUM);
const EVIL = '<img src=x onerror=alert(1)>';
const LONG = `${'a-name-that-breaks-nowhere_'.repeat(9)}.ipynb`;

let browser: Browser;
let door: WebDoor;
let backup: Backup;
beforeAll(async () => {
  if (hasBrowser) browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
});
afterAll(() => browser?.close());
beforeEach(async () => {
  door = await openWebDoor({ files: ['alice'] });
  const verified = { at: momentAfter(9), operationId: makeId('op'), files: 1, bytes: 1 };
  backup = await putBackupWithFiles(door, { verified });
  const more = [LONG, `${LONG}/below`, 'b\ufffdd', '\u202etxt.exe', EVIL];
  const entries = more.map((name): [string, string] => [`/srv/team-ml/projects/odd/${name}`, name]);
  door.world.repository.copies[0]?.entries.push(...entries);
});
afterEach(async () => {
  expect(door.bugs).toEqual([]);
  await door.dispose();
});

const open = (options: Parameters<Browser['newContext']>[0]) =>
  browser.newContext({ baseURL: door.origin, extraHTTPHeaders: { 'x-test-person': 'alice' }, ...options });

describe.runIf(hasBrowser)('files in a real browser', () => {
  test('a file is found and downloaded by links alone, and is what it was', async () => {
    const context = await open({ javaScriptEnabled: false, acceptDownloads: true });
    const page = await context.newPage();
    await page.goto(`/backups/${backup.id}`);
    await page.getByRole('link', { name: 'Look into its files' }).click();
    await page.getByRole('link', { name: 'projects/' }).click();
    await page.getByRole('link', { name: 'odd/' }).click();
    const downloading = page.waitForEvent('download');
    await page.getByRole('link', { name: `Download ${EVIL}` }).click();
    const file = await downloading;
    expect(await readFile(await file.path(), 'utf8')).toBe(EVIL);
    expect(file.suggestedFilename()).toMatch(/^.img src=x onerror=alert\(1\).$/);
    await context.close();
  });

  test.each([
    ['light', 360],
    ['dark', 1_280],
  ] as const)('nothing of it is out of reach for anybody (%s)', async (colorScheme, width) => {
    const context = await open({ colorScheme, viewport: { width, height: 800 } });
    const page = await context.newPage();
    const folders = ['', '?path=projects', '?path=projects/odd', `?path=projects/odd/${LONG}`];
    const own = `/backups/${backup.id}`;
    for (const path of [...folders.map((folder) => `${own}/files${folder}`), own, '/backups']) {
      await page.goto(path);
      await page.evaluate(axe.source);
      const found = await page.evaluate<unknown[]>(
        `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]))`,
      );
      const sideways = await page.evaluate(
        'document.documentElement.scrollWidth > document.documentElement.clientWidth',
      );
      expect([path, found, sideways]).toEqual([path, [], false]);
    }
    await context.close();
  });
});
