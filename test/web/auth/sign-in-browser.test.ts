import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type AuthDoor, openAuthDoor } from '../auth-door.ts';
import { CLIENT, openRealIssuer, type RealIssuer } from './real-issuer.ts';

const CHROMIUM = '/usr/bin/chromium';
const hasBrowser = existsSync(CHROMIUM);

let browser: Browser;
let issuer: RealIssuer;
let door: AuthDoor;
beforeAll(async () => {
  if (!hasBrowser) return;
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  issuer = await openRealIssuer();
  const oidc = { issuer: issuer.url, clientId: CLIENT.id, clientSecretEnvironment: 'SECRET', name: 'Work' };
  door = await openAuthDoor({ oidc }, { environment: { SECRET: CLIENT.secret } });
  issuer.knows(door.origin, { carols: { preferred_username: 'carol' } });
  Object.assign(door.people, { carol: { oidc: 'carols' } });
});
afterEach(() => expect(door.bugs).toEqual([]));
afterAll(async () => {
  await browser?.close();
  await door?.dispose();
  await issuer?.close();
});

describe.runIf(hasBrowser)('signing in, in a real browser', () => {
  test.each([true, false])('leads to where one wanted to go and out again (scripts: %s)', async (javaScriptEnabled) => {
    const context = await browser.newContext({ baseURL: door.origin, javaScriptEnabled });
    const troubles: string[] = [];
    context.on('console', (said) => {
      const isOurs = said.location().url.startsWith(door.origin); // what the issuer's page lacks is its own affair
      if (isOurs && said.type() === 'error' && !/401/.test(said.text())) troubles.push(said.text());
    });
    const page = await context.newPage();
    await page.goto('/backups?sort=size');
    await page.getByRole('link', { name: 'Sign in with Work' }).click();
    await page.getByPlaceholder('Enter any login').fill('carols');
    await page.getByPlaceholder('and password').fill('any');
    await page.getByRole('button', { name: 'Sign-in' }).click();
    await page.waitForURL(`${door.origin}/backups?sort=size`);
    expect(await page.getByRole('banner').textContent()).toContain('carol');

    await page.getByRole('button', { name: 'Log out' }).click();
    await page.waitForURL(`${issuer.url}/session/end?**`);
    await page.getByRole('button', { name: 'Yes, sign me out' }).click();
    await page.waitForURL(`${door.origin}/login`);
    await page.goto('/audit');
    await page.getByRole('link', { name: 'Sign in with Work' }).waitFor();
    expect(troubles).toEqual([]);
    await context.close();
  });

  test.each(['light', 'dark'] as const)('is offered so that everybody can read it (%s)', async (colorScheme) => {
    const context = await browser.newContext({ baseURL: door.origin, colorScheme, bypassCSP: true });
    const page = await context.newPage();
    await page.goto('/login');
    await page.evaluate(axe.source);
    const found = await page.evaluate(async () => {
      const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run();
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    });
    expect(found).toEqual([]);
    await context.close();
  });
});
