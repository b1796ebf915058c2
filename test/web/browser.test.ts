import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { type Browser, type BrowserContext, chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeBackup, makePart, momentAfter } from '../fakes/records.ts';
import { alice } from '../orchestrator/door.ts';
import { makeScheduled } from '../orchestrator/upkeep.ts';
import { openWebDoor, type WebDoor } from './web-door.ts';

const CHROMIUM = '/usr/bin/chromium';
const hasBrowser = existsSync(CHROMIUM);

let browser: Browser;
let door: WebDoor;
let troubles: string[];
beforeAll(async () => {
  if (hasBrowser) browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
});
afterAll(() => browser?.close());
beforeEach(async () => {
  door = await openWebDoor();
  troubles = [];
});
afterEach(async () => {
  expect([door.bugs, troubles]).toEqual([[], []]);
  await door.dispose();
});

async function as(name: string, options: Parameters<Browser['newContext']>[0] = {}): Promise<BrowserContext> {
  const context = await browser.newContext({
    baseURL: door.origin,
    extraHTTPHeaders: { 'x-test-person': name },
    ...options,
  });
  context.on('console', (said) => {
    // A connection that is cut off on purpose is told of by the browser as well.
    if (said.type() === 'error' && !/ERR_|Failed to fetch|network error|404 \(Not Found\)/i.test(said.text()))
      troubles.push(said.text());
  });
  context.on('weberror', (error) => troubles.push(error.error().message));
  return context;
}

describe.runIf(hasBrowser)('in a real browser', () => {
  test('an operation is seen to count down, to run and to end, and what can be done about it with it', async () => {
    const running = await door.orchestrator.requestBackup(alice, { workspace: 'team-ml' });
    const context = await as('bob', { locale: 'de-DE', timezoneId: 'Asia/Tokyo' });
    const page = await context.newPage();
    await page.goto(`/operations/${running.operation().id}`);
    await door.settle(() => running.view().stopsAt !== undefined);

    await page.getByText('Services stop at').waitFor();
    await page.getByRole('button', { name: 'Postpone' }).waitFor();
    const shown = page.locator('#live time').first();
    expect(await shown.getAttribute('title')).toMatch(/^\d{4}-.*Z$/);
    expect(await shown.textContent()).toContain('21:10'); // 12:10 in UTC
    await page.getByLabel('Why').fill('half a sen');
    await page.getByRole('button', { name: 'Postpone' }).click();
    await page.waitForURL(`**/operations/${running.operation().id}`);

    await door.drive(running.ended);

    await page.getByText('succeeded').waitFor();

    await expect.poll(() => page.getByRole('button', { name: 'Cancel' }).count()).toBe(0);
    expect(await page.locator('#cut-off').isHidden()).toBe(true);
    await context.close();
  });

  test('what a person types stays while the picture beside it changes', async () => {
    const running = await door.orchestrator.requestBackup(alice, { workspace: 'team-ml' });
    await door.settle(() => running.view().stopsAt !== undefined);
    const context = await as('bob');
    const page = await context.newPage();
    await page.goto(`/operations/${running.operation().id}`);
    await page.getByLabel('Why').fill('half a sen');
    const before = await page.locator('#live time').first().getAttribute('title');
    await door.orchestrator.postpone(alice, running.operation().id, 600_000);
    await expect.poll(() => page.locator('#live time').first().getAttribute('title')).not.toBe(before);
    expect(await page.getByLabel('Why').inputValue()).toBe('half a sen');
    await context.close();
    await door.orchestrator.cancel(alice, running.operation().id);
    await door.drive(running.ended);
  });

  test('a page that is cut off says so, and catches up when the server is back', async () => {
    const running = await door.orchestrator.requestBackup(alice, { workspace: 'team-ml' });
    await door.settle(() => running.view().stopsAt !== undefined);
    const context = await as('bob');
    const page = await context.newPage();
    await page.goto(`/operations/${running.operation().id}`);
    await page.getByText('Services stop at').waitFor();
    await door.close();
    // At the latest when it has heard nothing for 25 s.
    await page.getByText('The connection is cut off').waitFor({ timeout: 45_000 });
    await door.drive(running.ended);
    await door.openAgain();
    await page.getByText('succeeded').waitFor({ timeout: 30_000 });
    expect(await page.locator('#cut-off').isHidden()).toBe(true);
    await context.close();
  }, 120_000);

  test('a list shows what is new without being asked', async () => {
    const context = await as('bob');
    const page = await context.newPage();
    await page.goto('/operations');
    await page.getByText('Nothing has run yet.').waitFor();
    await door.backUp();
    await page.getByRole('link', { name: /^backup op_/ }).waitFor();
    await page.getByText('succeeded').waitFor();
    await context.close();
  });

  test('all of it is read and said without scripts', async () => {
    const backup = await door.backUp();
    const context = await as('alice', { javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`/backups/${backup}`);
    await page.getByRole('link', { name: 'Restore: see what it would overwrite' }).click();
    await page.getByLabel('Type team-ml to confirm').fill('team-ml');
    await page.getByRole('button', { name: 'Ask for this restore' }).click();
    await page.getByText('waits for a decision').waitFor();
    expect(await page.locator('time').first().textContent()).toContain('UTC');
    await context.close();
  });

  test('nothing on any page is out of reach for anybody, in the dark and on a phone in the light', {
    timeout: 120_000,
  }, async () => {
    const pages = await everyPage();
    const looks = [
      { colorScheme: 'dark' as const, viewport: { width: 1300, height: 800 } },
      { colorScheme: 'light' as const, viewport: { width: 390, height: 800 } },
    ];
    const found: string[] = [];
    for (const look of looks) {
      // The test brings scripts of its own, which the page's policy would refuse.
      const context = await as('bob', { ...look, bypassCSP: true });
      const page = await context.newPage();
      for (const address of pages) {
        await page.goto(address);
        await page.evaluate(axe.source);
        const violations = await page.evaluate<{ id: string; nodes: { html: string }[] }[]>(
          `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => ({ id, nodes })))`,
        );
        const isTooWide = await page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth');
        if (isTooWide) found.push(`${address} is wider than ${look.viewport.width}`);
        found.push(...violations.map(({ id, nodes }) => `${address} ${look.colorScheme}: ${id}: ${nodes[0]?.html}`));
      }
      await context.close();
    }
    expect(found).toEqual([]);
  });
});

/** Addresses of pages on which there is something to see. */
async function everyPage(): Promise<string[]> {
  door.setUpkeep({ schedules: [makeScheduled('nightly', { when: 'nightly at 02:00' })] });
  const backup = await door.backUp();
  await door.backUp();
  const partial = makeBackup({
    status: 'incomplete',
    warnings: ['The archive was left out.'],
    parts: [makePart({ consistent: false, unreadable: [{ path: 'a'.repeat(300), accepted: false }] })],
    pinned: { by: 'bob', at: momentAfter(9) },
  });
  await door.catalog.backups.save(partial);
  const { id } = await door.orchestrator.requestRestore(alice, { backup, confirm: 'team-ml', reason: 'x'.repeat(300) });
  return [
    ...['/', '/workspaces/team-ml', '/workspaces/team-ml/check', '/backups', `/backups/${partial.id}`],
    ...[`/backups/${backup}/restore`, '/operations', `/operations/${backup.replace('bkp_', 'op_')}`, '/requests'],
    ...[`/requests/${id}`, '/schedules', '/audit', '/backups/bkp_0000000000'],
  ];
}
