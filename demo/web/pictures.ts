/**
 * Takes the pictures of docs/catalog.md: a real server, some weeks of history, and what a morning with a lost project is
 * like, seen by a real browser in the light and in the dark. `npm run catalog-pictures`; needs Debian's chromium, and makes
 * smaller files where there is pngquant.
 */
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { chromium, type Page } from 'playwright-core';
import { z } from 'zod';
import { makeWebPlace, type WebPlace } from './place.ts';

const FOLDER = 'docs/pictures/catalog';
const [WIDTH, TALLEST] = [1280, 1100];
const LONG_MS = 120_000;
const answer = z.looseObject({ id: z.string() });

const place = await makeWebPlace();
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  await mkdir(FOLDER, { recursive: true });
  await takeAll(await enter('alice'), await enter('bob'));
} finally {
  await browser.close();
  await place.end();
}
process.exit();

async function takeAll(alice: Page, bob: Page): Promise<void> {
  const backup = await makeBackup(place);
  await take(alice, 'backups', '/backups');
  await take(alice, 'backup', `/backups/${backup}`);
  await take(alice, 'files', `/backups/${backup}/files?path=projects%2Falice`);
  await take(alice, 'restore', `/backups/${backup}/restore`);
  await askForRestore(alice, backup);
  await take(bob, 'request', new URL(alice.url()).pathname);
  await pauseSchedule(alice);
  await take(alice, 'schedules', '/schedules');

  await place.trainModels();
  await place.holdCut();
  await alice.goto('/workspaces/team-ml');
  await alice.getByLabel('Name', { exact: true }).fill('before the new features');
  await alice.getByLabel('Why').fill('we change the features tonight');
  await alice.getByRole('button', { name: 'Back up' }).click();
  await alice.locator('progress').waitFor({ timeout: LONG_MS });
  await takeShown(alice, 'operation');
  await take(bob, 'requests', '/requests');
  await alice.locator('.step-running').getByText('countdown').waitFor({ timeout: LONG_MS });
  await alice.getByRole('button', { name: 'Stop services now' }).click();
  await alice.locator('.note-bad').getByText('Services are down since').waitFor({ timeout: LONG_MS });
  await takeShown(alice, 'down');
  await take(bob, 'workspaces', '/');
  await take(bob, 'operations', '/operations');
  await place.letGo();
  await alice.getByText('succeeded').waitFor({ timeout: LONG_MS });
  await take(alice, 'workspace', '/workspaces/team-ml');
  await take(alice, 'audit', '/audit');
}

/** A real one, brought back and found whole. Answers its id. */
async function makeBackup({ say }: WebPlace): Promise<string> {
  const words = ['backup', 'team-ml', '--as', 'alice', '--now', '--name', 'before the change'];
  const { backup } = z.looseObject({ backup: answer }).parse(await say(words));
  await say(['verify', backup.id, '--as', 'alice']);
  return backup.id;
}

async function askForRestore(page: Page, backup: string): Promise<void> {
  await page.goto(`/backups/${backup}/restore`);
  await page.getByLabel('Why (the approver will read it)').fill('project 3 was deleted by mistake');
  await page.getByLabel('Type team-ml to confirm').fill('team-ml');
  await page.getByRole('button', { name: 'Ask for this restore' }).click();
  await page.waitForURL('**/requests/req_*');
}

async function pauseSchedule(page: Page): Promise<void> {
  await page.goto('/schedules');
  const speech = page.getByRole('region', { name: 'speech: nightly' });
  await speech.getByLabel('Why').fill('the storage is moved this week');
  await speech.getByRole('button', { name: 'Pause' }).click();
  await page.getByText('paused by alice').waitFor();
}

async function enter(person: string): Promise<Page> {
  const context = await browser.newContext({
    ...{ baseURL: place.origin, viewport: { width: WIDTH, height: 800 } },
    ...{ locale: 'en-GB', timezoneId: 'Europe/Berlin', reducedMotion: 'reduce' },
  });
  const page = await context.newPage();
  await page.goto(await place.linkFor(person));
  if (person === 'alice') await takeShown(page, 'login');
  await page.getByRole('button', { name: `Log in as ${person}` }).click();
  await page.getByRole('heading', { level: 1, name: 'Workspaces' }).waitFor();
  return page;
}

async function take(page: Page, name: string, path: string): Promise<void> {
  await page.goto(path);
  await page.locator('h1').waitFor();
  await takeShown(page, name);
}

/** In the light and in the dark; of a long page its beginning. */
async function takeShown(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    const file = join(FOLDER, `${name}-${colorScheme}.png`);
    await page.emulateMedia({ colorScheme });
    const height = await page.evaluate<number>('document.body.scrollHeight');
    const clip = { x: 0, y: 0, width: WIDTH, height: Math.min(height, TALLEST) };
    await page.screenshot({ path: file, fullPage: true, clip });
    await makeSmaller(file);
    process.stdout.write(`${file} ${Math.round((await stat(file)).size / 1_000)} kB\n`);
  }
}

async function makeSmaller(file: string): Promise<void> {
  try {
    await execa('pngquant', ['--force', '--skip-if-larger', '--speed', '1', '--output', file, '--', file]);
  } catch (cause) {
    const { code, exitCode } = cause as NodeJS.ErrnoException & { exitCode?: number };
    const isLarger = exitCode === 98;
    if (code !== 'ENOENT' && !isLarger) throw cause; // without it, pictures are only larger
  }
}
