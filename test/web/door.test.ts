import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { webSettings } from '../../src/web/settings.ts';
import { openWebDoor, type WebDoor } from './web-door.ts';

let door: WebDoor;
beforeEach(async () => {
  door = await openWebDoor();
});
afterEach(async () => {
  expect(door.bugs).toEqual([]);
  await door.dispose();
});

describe('the page', () => {
  test('shows nothing to somebody who is not known', async () => {
    await door.backUp();
    const { status, text } = await door.nobody.get('/backups');
    expect(status).toBe(401);
    expect(text).toContain('You are not logged in.');
    expect(text).not.toContain('team-ml');
  });

  test('lets nothing run, load or frame but what is ours', async () => {
    const { headers, text } = await door.as('alice').get('/backups');
    const policy = headers.get('content-security-policy') ?? '';
    const nonce = /'nonce-([^']+)'/.exec(policy)?.[1];
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('strict-transport-security')).toBeNull();
    expect(text.match(/<script/g)).toHaveLength(text.split(`nonce="${nonce}"`).length - 1);
    expect(text).not.toMatch(/<style|style=|<script[^>]*>[^<]|\son[a-z]+=/);
    expect((await door.as('alice').get('/backups')).headers.get('content-security-policy')).not.toContain(nonce);
  });

  test('serves the few files that it is made with, and only those', async () => {
    for (const file of ['style.css', 'page.js', 'icon.svg', 'htmx.js']) {
      const { status, headers } = await door.nobody.get(`/assets/${file}`);
      expect([file, status]).toEqual([file, 200]);
      const again = await door.nobody.get(`/assets/${file}`, { 'if-none-match': headers.get('etag') ?? '' });
      expect([file, again.status]).toEqual([file, 304]);
    }
    for (const path of ['/assets/../settings.ts', '/assets/%2e%2e/settings.ts', '/assets/app.tsx', '/nowhere']) {
      expect([path, (await door.as('alice').get(path)).status]).toEqual([path, 404]);
    }
  });

  test('refuses a change without the token of the session', async () => {
    for (const csrf of ['', 'csrf of bob', 'x'.repeat(10_000)]) {
      const answer = await door.as('alice').post('/backups', { csrf });
      expect([csrf.length, answer.status]).toEqual([csrf.length, 403]);
    }
    const headers = { 'x-test-person': 'alice', 'content-type': 'application/json' };
    const answer = await fetch(`${door.origin}/backups`, { method: 'POST', headers, body: '{"csrf"' });
    expect(answer.status).toBe(400);
  });
});

test('an address that others can reach is refused, unless people come to it by https', () => {
  for (const host of ['0.0.0.0', '::', '10.1.2.3', 'catalog.example.org']) {
    expect(webSettings.safeParse({ host }).success).toBe(false);
  }
  for (const host of ['127.0.0.1', '::1', 'localhost']) expect(webSettings.safeParse({ host }).success).toBe(true);
  for (const [url, isTaken] of [
    ['https://catalog.example.org', true],
    ['http://catalog.example.org', false],
  ] as const) {
    expect([url, webSettings.safeParse({ host: '0.0.0.0', url }).success]).toEqual([url, isTaken]);
  }
});
