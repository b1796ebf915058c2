import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Backup } from '../../../src/records/backup.ts';
import { createNewId, type IdPrefix } from '../../../src/records/ids.ts';
import { makeBackup } from '../../fakes/records.ts';
import { hasBrowser, openPageBench, type PageBench } from './browser.ts';

// The records are written and read once; how long that takes is not judged here.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 240_000 });

const [COUNT, EVERY] = [100_000, 800];
const BEGAN = Date.parse('2021-01-01T00:00:00.000Z');
/** What a page may take on a machine that does other things too. */
const PATIENCE_MS = 10_000;

let bench: PageBench;
let page: Page;

describe.runIf(hasBrowser)('a catalog of 100,000 backups in a real browser', () => {
  beforeAll(async () => {
    bench = await openPageBench(() => ({}));
    writeBackups(bench.at('cml-data/backups'));
    await bench.openServer(120_000); // it reads them all, once
    page = await bench.as('alice');
    await page.goto('/backups', { timeout: 120_000 });
  });
  afterAll(async () => {
    await bench?.dispose();
  });
  afterEach(() => expect(bench.troubles).toEqual([]));

  test('is filtered by what is typed, and what is wished stands in the address', async () => {
    await page.getByLabel('Name, id, reason').fill('audit of');
    await page.getByLabel('State').selectOption('completed');
    await page.getByLabel('Who').fill('bob');
    await atOnce(() => page.getByRole('button', { name: 'Show', exact: true }).click());
    expect(new URL(page.url()).searchParams.get('text')).toBe('audit of');
    expect((await column('By')).every((by) => by.startsWith('bob'))).toBe(true);
    const again = await bench.as('alice');
    await again.goto(page.url());
    expect(await again.locator('tbody tr').count()).toBe(50);
    expect(await again.getByLabel('Who').inputValue()).toBe('bob');
    await again.context().close();
  });

  test('is paged through from the first to the last, each once', async () => {
    const seen: string[] = [];
    for (;;) {
      seen.push(...(await column('Backup')));
      const next = page.getByRole('link', { name: 'Next 50' });
      if ((await next.count()) === 0) break;
      await atOnce(() => next.click());
    }
    const expected = shown.filter((index) => index % EVERY === 0).map(nameOf);
    expect(seen.map((cell) => /audit of \d+/.exec(cell)?.[0])).toEqual(expected);
    await atOnce(() => page.getByRole('link', { name: 'First page' }).click());
    expect((await column('Backup'))[0]).toContain(expected[0]);
  });

  test('is sorted by a click on a head, up and down, over all of them', async () => {
    await atOnce(() => page.getByRole('link', { name: 'Show all' }).click());
    expect(await page.locator('tbody tr').count()).toBe(50);
    await atOnce(() => page.locator('th').getByRole('link', { name: 'Size' }).click());
    expect(await page.locator('th[aria-sort]').getAttribute('aria-sort')).toBe('descending');
    const [greatest] = await sizes();
    expect(greatest).toBe(shown.map(bytesOf).reduce((one, other) => Math.max(one, other)));
    await atOnce(() => page.locator('th').getByRole('link', { name: 'Size' }).click());
    const least = await sizes();
    expect(least).toEqual(least.toSorted((one, other) => one - other));
    expect(least[0]).toBe(shown.map(bytesOf).reduce((one, other) => Math.min(one, other)));
  });

  test('shows the days that are asked for, to the last one', async () => {
    await page.getByLabel('From day (UTC)').fill('2022-02-01');
    await page.getByLabel('To day (UTC)').fill('2022-02-01');
    await atOnce(() => page.getByRole('button', { name: 'Show', exact: true }).click());
    const taken = await page.locator('td[data-head="Taken"] time').evaluateAll((all) => all.map((one) => one.title));
    const expected = shown.map((index) => momentOf(index, 1)).filter((at) => at.startsWith('2022-02-01'));
    expect(taken.toSorted()).toEqual(expected.toSorted());
  });
});

/** Loads another page by that, soon enough. */
async function atOnce(click: () => Promise<void>): Promise<void> {
  const began = performance.now();
  await Promise.all([page.waitForEvent('domcontentloaded'), click()]);
  expect(performance.now() - began).toBeLessThan(PATIENCE_MS);
}

function column(head: string): Promise<string[]> {
  return page.locator(`td[data-head="${head}"]`).allInnerTexts();
}

function sizes(): Promise<number[]> {
  return page.locator('td[data-head="Size"] data').evaluateAll((all) => all.map((one) => Number(one.value)));
}

function writeBackups(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (let index = 0; index < COUNT; index += 1) {
    const backup = backupOf(index);
    writeFileSync(join(folder, `${backup.id}.json`), JSON.stringify(backup));
  }
}

const nameOf = (index: number) => `audit of ${index}`;
const momentOf = (index: number, minutes: number) => new Date(BEGAN + (index * 30 + minutes) * 60_000).toISOString();
const isDeleted = (index: number) => index % 47 === 1;
/** What is shown unasked, newest first. */
const shown = Array.from({ length: COUNT }, (_, index) => COUNT - 1 - index).filter((index) => !isDeleted(index));
/** In no order of time. */
const bytesOf = (index: number) => ((index * 7_919) % 100_003) * 1_000;

function backupOf(index: number): Backup {
  const at = (minutes: number) => momentOf(index, minutes);
  const id = (prefix: IdPrefix) =>
    createNewId(
      () => new Date(at(0)),
      () => 0.5,
    )(prefix);
  const isNamed = index % EVERY === 0;
  return makeBackup({
    ...{ id: id('bkp'), operationId: id('op'), startedAt: at(0), takenAt: at(1), endedAt: at(9) },
    ...(isNamed ? { name: nameOf(index), by: { name: 'bob', proof: 'token' } } : {}),
    ...(isDeleted(index) ? { status: 'deleted' } : {}),
    bytes: bytesOf(index),
    parts: [],
  });
}
