import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { heldVolume } from '../bench.ts';
import { until } from '../processes.ts';
import { hasBrowser, openPageBench, type PageBench } from './browser.ts';

// Far beyond what it takes: how long something lasts is not judged here.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

/** One sitting: every test goes on where the one before ended. */
let bench: PageBench;
let alice: Page;
let bob: Page;
let backup: string;
let request: string;

const main = (page: Page) => page.locator('main');
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const fact = (page: Page, label: string) =>
  page
    .locator('.facts > div')
    .filter({ has: page.getByText(label, { exact: true }) })
    .locator('dd');
const pathOf = (page: Page) => new URL(page.url()).pathname;

/** A page that is loaded anew forgets it. */
const mark = (page: Page) => page.evaluate("document.body.dataset.seen = 'yes'");
const isMarked = (page: Page) => page.evaluate<boolean>("document.body.dataset.seen === 'yes'");

/** A clock shows another time than before. */
async function awaitTick(page: Page, clock: string): Promise<void> {
  const shown = page.locator(clock).first();
  const before = await shown.textContent();
  expect(before).toMatch(/^(\d+[hms] ?)+$/);
  await expect.poll(() => shown.textContent(), { timeout: 10_000 }).not.toBe(before);
}

const hold = () => writeFile(bench.at('hold'), '');
const letGo = () => rm(bench.at('hold'), { force: true });

describe.runIf(hasBrowser)('the whole life in a real browser, on a real server', () => {
  beforeAll(async () => {
    bench = await openPageBench((at) => ({
      volumes: [heldVolume(at)],
      sharedFolders: [{ name: 'projects', path: './team-ml/projects' }],
      policy: { notice: '10m' },
      async before() {
        await mkdir(at('team-ml/projects'));
        for (let number = 0; number < 14; number++)
          await writeFile(at('team-ml/projects', `model-${number}.bin`), randomBytes(4_000_000));
      },
    }));
    await bench.openServer();
    await bench.say(['start', 'team-ml']);
  });
  afterAll(() => bench?.dispose());
  afterEach(() => expect(bench.troubles).toEqual([]));

  test('whoever comes by the link of the terminal is let in, and nobody else', async () => {
    const stranger = await bench.stranger();
    await stranger.goto('/backups');
    await stranger.getByText('You are not logged in.').waitFor();
    alice = await bench.as('alice');
    bob = await bench.as('bob');
    await alice.goto('/');
    await alice.getByText('up', { exact: false }).first().waitFor();
    expect(await alice.locator('.leave span').textContent()).toBe('alice');
    await bob.goto('/');
    expect(await bob.locator('.leave span').textContent()).toBe('bob');
    await stranger.context().close();
  });

  test('a backup is asked for, and how far it is and when services stop is seen to move', async () => {
    await alice.getByRole('link', { name: 'team-ml' }).click();
    await alice.getByLabel('Name', { exact: true }).fill('before the change');
    await button(alice, 'Back up').click();
    await alice.waitForURL('**/operations/op_*');
    await mark(alice);
    backup = pathOf(alice).replace('/operations/op_', 'bkp_');
    await alice.getByText('Services stop at').waitFor();
    await awaitTick(alice, '#live [data-until]');
    const percent = async () =>
      Number(
        (await alice.locator('progress').evaluateAll((all) => all.map((one) => one.getAttribute('value'))))[0] ?? 0,
      );
    await expect.poll(percent, { timeout: 30_000 }).toBeGreaterThan(0);
    const before = await percent();
    await expect.poll(percent, { timeout: 30_000 }).toBeGreaterThan(before);
    expect(await alice.locator('.progress p').textContent()).toMatch(/^\d+%, [\d.]+ .?B of 56(\.\d)? MB, /);
    expect(await isMarked(alice)).toBe(true);
  });

  test('while services are down a clock says for how long, and at the end the page says how it went', async () => {
    await hold();
    await alice.locator('.step-running').getByText('countdown').waitFor({ timeout: 60_000 });
    await button(alice, 'Stop services now').click();
    await alice.waitForURL('**/operations/op_*');
    await mark(alice);
    await alice.locator('.note-bad').getByText('Services are down since').waitFor({ timeout: 60_000 });
    await awaitTick(alice, '.note-bad [data-since]');
    await alice.locator('.step-running').getByText('cut').waitFor();
    await bob.goto('/');
    await bob.getByText('down for').waitFor();
    await letGo();

    await fact(alice, 'State').getByText('succeeded').waitFor({ timeout: 60_000 });

    expect(await fact(alice, 'Services were down for').textContent()).toMatch(/\d/);
    expect(await fact(alice, 'Backup').textContent()).toBe(backup);
    expect(await alice.locator('.note-bad').count()).toBe(0);
    await expect.poll(() => button(alice, 'Cancel').count()).toBe(0);
    expect([await isMarked(alice), await alice.locator('#cut-off').isHidden()]).toEqual([true, true]);
    // Another page, on which nobody did anything, has it too.
    await bob.getByText('Last completed').waitFor();
    await expect.poll(() => main(bob).textContent()).toMatch(/●\sup/);
  });

  test('a restore is asked for, and refused in words to who asked for it', async () => {
    await writeFile(bench.at('team-ml/db/records'), 'spoilt\n');
    await alice.goto('/backups');
    await alice.getByRole('link', { name: 'before the change' }).click();
    await alice.getByRole('link', { name: 'Restore: see what it would overwrite' }).click();
    await alice.getByLabel('Why (the approver will read it)').fill('a <b>bad</b> afternoon');
    await alice.getByLabel('Do not wait: stop services at once').check();
    await alice.getByLabel('Type team-ml to confirm').fill('team-mlops');
    await button(alice, 'Ask for this restore').click();
    await alice.locator('.note-bad').waitFor();
    await alice.goBack();
    await alice.getByLabel('Why (the approver will read it)').fill('a <b>bad</b> afternoon');
    await alice.getByLabel('Type team-ml to confirm').fill('team-ml');
    await button(alice, 'Ask for this restore').click();
    await alice.waitForURL('**/requests/req_*');
    request = pathOf(alice).replace('/requests/', '');
    await alice.getByText('You asked for it, so another person decides: bob.').waitFor();
    expect(await button(alice, 'Approve').count()).toBe(0);

    // Somebody who knows what the button of others says.
    await alice.evaluate(`document.querySelector('form[action$="/withdraw"]').action = '/requests/${request}/approve'`);
    await button(alice, 'Take it back').click();
    await alice.getByText(`You asked for ${request} yourself, so you may not decide on it.`).waitFor();
    await alice.goto(`/requests/${request}`);
    expect(await fact(alice, 'State').textContent()).toContain('waits for a decision');
    expect(await fact(alice, 'Reason').textContent()).toBe('a <b>bad</b> afternoon');
  });

  test('another person reads the plan and approves, and both see it run to its end', async () => {
    await alice.goto('/requests');
    await mark(alice);
    await bob.goto('/requests');
    await bob.getByRole('link', { name: request }).click();
    expect(await bob.locator('.plan').first().textContent()).toContain('db');
    await bob.getByLabel('Remark').fill('go on');
    await button(bob, 'Approve').click();
    await bob.waitForURL('**/operations/op_*');
    await mark(bob);
    await fact(bob, 'State').getByText('succeeded').waitFor({ timeout: 60_000 });
    expect(await isMarked(bob)).toBe(true);
    expect(await readFile(bench.at('team-ml/db/records'), 'utf8')).toBe('one\ntwo\n');
    await alice.locator('tr').filter({ hasText: request }).getByText('used').waitFor();
    expect(await isMarked(alice)).toBe(true);
    await bob.getByRole('link', { name: 'Undo: see what it would bring back' }).click();
    await bob.getByText('Nothing has been done yet.').waitFor();
  });

  test('a deletion is asked for, approved by another, and only the record is left', async () => {
    await alice.goto(`/backups/${backup}`);
    await alice.getByRole('link', { name: 'Delete: see what it would remove' }).click();
    await alice.getByText('This removes data for ever').waitFor();
    await alice.getByLabel('Type team-ml to confirm').fill('team-ml');
    await button(alice, 'Ask for this deletion').click();
    await alice.waitForURL('**/requests/req_*');
    await bob.goto(pathOf(alice));
    expect(await bob.getByText('In an emergency').count()).toBe(0);
    await button(bob, 'Approve').click();
    await bob.waitForURL('**/operations/op_*');
    await fact(bob, 'State').getByText('succeeded').waitFor({ timeout: 60_000 });
    await bob.goto(`/backups/${backup}`);
    await bob.getByText('It is deleted: only this record of it is left.').waitFor();
    await bob.goto('/backups');
    await bob.getByText('No backup is like that.').waitFor();
  });

  test('a page that is open while the server dies says so, catches up, and shows nothing twice', async () => {
    await hold();
    await alice.goto('/workspaces/team-ml');
    await alice.getByLabel('Do not wait').check();
    await button(alice, 'Back up').click();
    await alice.waitForURL('**/operations/op_*');
    await mark(alice);
    const id = pathOf(alice).replace('/operations/', '');
    await bob.goto('/operations');
    await mark(bob);
    await bob.getByRole('link', { name: id }).waitFor();
    await alice.locator('.note-bad').getByText('Services are down since').waitFor({ timeout: 60_000 });

    await bench.kill();
    for (const page of [alice, bob]) await page.getByText('The connection is cut off').waitFor();
    await letGo();
    await bench.openServer();

    await fact(alice, 'State').getByText('failed').waitFor({ timeout: 60_000 });
    await bob.locator('tr').filter({ hasText: id }).getByText('failed').waitFor();
    for (const page of [alice, bob]) {
      expect([await isMarked(page), await page.locator('#cut-off').isHidden()]).toEqual([true, true]);
    }
    const steps = await alice.locator('.step .state').allTextContents();
    expect(steps.length).toBeGreaterThan(5);
    expect(steps).toEqual([...new Set(steps)]);
    expect(await alice.locator('#live').count()).toBe(1);
    expect(await bob.getByRole('link', { name: id }).count()).toBe(1);
    await until('services are up', () => bench.pidsOf('web').length > 0);
  });
});
