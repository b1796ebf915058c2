import { mkdir, writeFile } from 'node:fs/promises';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { writeHistory } from '../../fakes/history.ts';
import { makeBackup, makePart } from '../../fakes/records.ts';
import { heldVolume, TOKEN } from '../bench.ts';
import { until } from '../processes.ts';
import { hasBrowser, openPageBench, type PageBench } from './browser.ts';

// Far beyond what it takes: how long something lasts is not judged here.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 360, height: 740 };

let bench: PageBench;
/** Of every page, one on which there is much to see. */
let pages: readonly string[];
let backup: string;

describe.runIf(hasBrowser)('every page in a real browser, on a real server', () => {
  beforeAll(async () => {
    bench = await openPageBench((at) => ({
      volumes: [heldVolume(at)],
      workspace: { schedules: { nightly: { does: 'backup', when: `nightly at ${hoursFromNow(12)}`, zone: 'UTC' } } },
      async before() {
        writeHistory(at('cml-data'), [PAST], new Date());
        await writeFile(at('cml-data/backups', `${partial.id}.json`), JSON.stringify(partial));
        await mkdir(at('team-ml/projects'));
      },
    }));
    await bench.openServer();
    await bench.say(['start', 'team-ml']);
    pages = await makeStates();
  });
  afterAll(() => bench?.dispose());
  afterEach(() => expect(bench.troubles).toEqual([]));

  test('nothing is out of reach for anybody, in the light and in the dark, on a wide screen and on a narrow one', async () => {
    const found: string[] = [];
    for (const viewport of [WIDE, NARROW]) {
      // The test brings scripts of its own, which the page's policy would refuse.
      const page = await bench.as('bob', { viewport, bypassCSP: true });
      for (const address of pages) {
        await page.emulateMedia({ colorScheme: 'light' });
        await page.goto(address);
        const inTheLight = await violationsOf(page, {});
        await page.emulateMedia({ colorScheme: 'dark' });
        // Nothing but the colours is another.
        const inTheDark = await violationsOf(page, { runOnly: ['color-contrast', 'link-in-text-block'] });
        found.push(...[...inTheLight, ...inTheDark].map((said) => `${address} ${viewport.width}: ${said}`));
      }
      await page.context().close();
    }
    expect(found).toEqual([]);
  });

  test('a screen of a phone is wide enough for each page, and each cell of a table says what it is', async () => {
    const page = await bench.as('bob', { viewport: NARROW });
    const found: string[] = [];
    for (const address of pages) {
      await page.goto(address);
      found.push(...(await page.evaluate<string[]>(TOO_NARROW)).map((said) => `${address}: ${said}`));
    }
    expect(found).toEqual([]);
    await page.context().close();
  });

  test('whoever prefers the dark gets light words on a dark ground', async () => {
    const page = await bench.as('bob', { colorScheme: 'dark' });
    const [dark, text] = await lightnessOf(page);
    await page.emulateMedia({ colorScheme: 'light' });
    const [light, ink] = await lightnessOf(page);
    expect([dark < 0.2, text > 0.8, light > 0.8, ink < 0.2]).toEqual([true, true, true, true]);
    await page.context().close();
  });

  test('without scripts each page is read, and each form does what it says', async () => {
    const page = await bench.as('alice', { javaScriptEnabled: false });
    for (const address of pages) {
      await page.goto(address);
      await page.locator('h1').waitFor();
    }
    await page.goto('/');
    expect(await page.locator('main time').first().textContent()).toContain('UTC');
    await page.goto(`/backups/${backup}`);
    await page.getByLabel('Keep for ever, because').fill('the auditors asked');
    await button(page, 'Pin').click();
    await page.getByText('by alice: the auditors asked').waitFor();
    await button(page, 'Take the pin away').click();
    await button(page, 'Pin').waitFor();
    await page.goto('/schedules');
    await page.getByLabel('Why').fill('we move');
    await button(page, 'Pause').click();
    await page.getByText('paused by alice: we move').waitFor();
    await button(page, 'Resume').click();
    await button(page, 'Pause').waitFor();
    await page.goto(`/backups/${backup}/restore`);
    await page.getByLabel('Type team-ml to confirm').fill('team-ml');
    await button(page, 'Ask for this restore').click();
    await page.getByText('waits for a decision').waitFor();
    await button(page, 'Take it back').click();
    await page.locator('dd').getByText('withdrawn').waitFor();
    await button(page, 'Log out').click();
    await page.getByLabel('Your token').fill(TOKEN);
    await button(page, 'Log in').click();
    expect(await page.locator('.leave span').textContent()).toBe('bob');
    await page.context().close();
  });

  test('all of it is done by the keyboard alone, and what is reached is seen', async () => {
    const page = await bench.stranger();
    await page.goto('/');
    await tabTo(page, 'Your token');
    await page.keyboard.type(TOKEN);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Workspaces' }).waitFor();
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('main');
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('team-ml');
    await press(page, 'Backups', '/backups');
    await tabTo(page, 'Name, id, reason');
    await page.keyboard.type('of a real one');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/backups?*');
    await press(page, 'of a real one', `/backups/${backup}`);
    await press(page, 'Restore: see what it would overwrite', '/restore');
    await tabTo(page, 'Only some paths, or into another workspace');
    await page.keyboard.press('Enter');
    await page.getByLabel('Only these paths').waitFor();
    await tabTo(page, 'Do not wait: stop services at once');
    await page.keyboard.press('Space');
    await tabTo(page, 'Type team-ml to confirm');
    await page.keyboard.type('team-ml');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/requests/req_*');
    await press(page, 'Take it back', '/requests/req_');
    await page.locator('dd').getByText('withdrawn').waitFor();
    await press(page, 'Log out', '/login');
    await page.context().close();
  });
});

const PAST = {
  ...{ workspace: 'team-ml', release: '1.4', bytes: 41e9, files: 120_000, downtimeMs: 1_900, durationMs: 310_000 },
  ...{ volumes: ['db'], folders: ['projects'] },
};

const partial = makeBackup({
  status: 'incomplete',
  name: `of ${'a very long name '.repeat(3)}`.trim(),
  reason: `${'x'.repeat(250)} <script>alert(1)</script>`,
  warnings: ['The archive was left out.'],
  leftOut: [{ name: 'scratch', reason: 'rebuilt nightly' }],
  parts: [makePart({ consistent: false, unreadable: [{ path: 'a'.repeat(300), accepted: false }] })],
  pinned: { by: 'bob', at: '2026-03-01T12:09:00.000Z' },
});

/** A backup that is down and stays so, one that is there, a request that waits; answers where to see them. */
async function makeStates(): Promise<string[]> {
  const { answer } = await bench.sayJson([
    'backup',
    'team-ml',
    '--now',
    '--name',
    'of a real one',
    '--reason',
    'to see',
  ]);
  backup = answer.backup.id;
  const asked = await bench.sayJson(['restore', backup, '--confirm', 'team-ml', '--reason', 'x'.repeat(300)]);
  await writeFile(bench.at('hold'), '');
  const running = await bench.sayJson(['backup', 'team-ml', '--now', '--detach']);
  const isDown = async () =>
    (await bench.operations('open')).some(({ journal }) =>
      journal.some((event) => event.type === 'step-began' && event.step === 'cut'),
    );
  await until('services are down', isDown);
  expect(running.exitCode).toBe(0);
  const [open] = await bench.operations('open');
  return [
    ...['/', '/workspaces/team-ml', '/workspaces/team-ml/check', '/workspaces/team-ml/retention', '/backups'],
    ...[`/backups/${partial.id}`, `/backups/${backup}`, `/backups/${backup}/restore`, `/backups/${backup}/delete`],
    ...['/operations', `/operations/${open?.id}`, `/operations/${backup.replace('bkp_', 'op_')}`, '/requests'],
    ...[`/requests/${asked.answer.request?.id ?? asked.answer.id}`, '/schedules', '/audit', '/login'],
    ...['/backups/bkp_0000000000', '/nowhere'],
  ];
}

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

async function violationsOf(page: Page, wish: axe.RunOptions): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate<string[]>(
    `axe.run(${JSON.stringify(wish)}).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))`,
  );
}

/** What does not fit on the screen, and cells that stand there without their head. */
const TOO_NARROW = `[
  ...(document.documentElement.scrollWidth > innerWidth ? ['the page is wider than the screen'] : []),
  ...[...document.querySelectorAll('main *:not(svg *)')]
    .filter((one) => one.getClientRects().length > 0 && getComputedStyle(one).position !== 'absolute')
    .filter((one) => !one.closest('thead') && one.getBoundingClientRect().right > innerWidth + 1)
    .map((one) => one.outerHTML.slice(0, 120) + ' is cut off'),
  ...[...document.querySelectorAll('td')]
    .filter((one) => one.textContent !== '' && getComputedStyle(one, '::before').content !== JSON.stringify(one.dataset.head))
    .map((one) => one.outerHTML.slice(0, 120) + ' says not what it is'),
]`;

/** Of the ground and of the words, from 0 (black) to 1 (white). */
async function lightnessOf(page: Page): Promise<[number, number]> {
  await page.goto('/');
  const [ground = '', text = ''] = await page.evaluate<string[]>(
    `['backgroundColor', 'color'].map((of) => getComputedStyle(document.documentElement)[of])`,
  );
  const lightness = (colour: string) => Math.max(...(colour.match(/\d+/g) ?? []).slice(0, 3).map(Number)) / 255;
  return [lightness(ground), lightness(text)];
}

/** What the keyboard would act on, by the words that people read there. */
function focused(page: Page): Promise<string> {
  return page.evaluate<string>(
    `((at) => (at.labels?.[0]?.innerText ?? at.innerText ?? '').split('\\n')[0].trim())(document.activeElement)`,
  );
}

/** Goes on until that is reached; everything on the way has to be seen to be reached. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let pressed = 0; pressed < 150; pressed++) {
    await page.keyboard.press('Tab');
    const outline = await page.evaluate<string>('getComputedStyle(document.activeElement).outlineStyle');
    const isOutside = await page.evaluate<boolean>('document.activeElement === document.body');
    if (isOutside) continue; // behind the last one the browser's own are next
    expect([await focused(page), outline]).not.toEqual([expect.any(String), 'none']);
    if ((await focused(page)) === name) return;
  }
  throw new Error(`"${name}" cannot be reached by the keyboard`);
}

async function press(page: Page, name: string, leadsTo: string): Promise<void> {
  await tabTo(page, name);
  await page.keyboard.press('Enter');
  await expect.poll(() => page.url()).toContain(leadsTo);
}

function hoursFromNow(hours: number): string {
  return new Date(Date.now() + hours * 3_600_000).toISOString().slice(11, 16);
}
