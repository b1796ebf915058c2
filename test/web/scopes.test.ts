import { Hono } from 'hono';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commands } from '../../commands/commands.ts';
import type { ProgramTokens } from '../../src/config-schema.ts';
import { hashToken } from '../../src/main-people.ts';
import { type Scope, scope } from '../../src/records/scope.ts';
import { createApi } from '../../src/web/api/api.ts';
import { addChanges, addPages } from '../../src/web/routes.ts';
import type { WebEnv } from '../../src/web/visitor.ts';
import type { WebWorld } from '../../src/web/web-world.ts';
import { type AuthDoor, openAuthDoor, tokenOf } from './auth-door.ts';

let door: AuthDoor;
beforeAll(async () => {
  door = await openAuthDoor();
  const tokens = scope.options.map((one): [string, ProgramTokens[string]] => [
    one,
    { hash: hashToken(tokenOf(one)), scopes: [one] },
  ]);
  const both = { hash: hashToken(tokenOf('looks into files')), scopes: ['read', 'files'] satisfies Scope[] };
  door.people.alice = { tokens: { ...Object.fromEntries(tokens), both } };
});
afterAll(() => door.dispose());

/** Every address there is, however it came to be there. */
function everyRoute(): { readonly method: string; readonly path: string }[] {
  const app = new Hono<WebEnv>();
  const world = { words: commands } as unknown as WebWorld; // nothing else of it is looked at by making routes
  addPages(app, world);
  addChanges(app, world);
  app.route('/api/v1', createApi(world));
  const found = app.routes.filter(({ method, path }) => method !== 'ALL' && !path.endsWith('*'));
  const addresses = found.map(({ method, path }) => `${method} ${path.replace(/:\w+/g, 'x')}`);
  return [...new Set(addresses)].map((address) => {
    const [method = '', path = ''] = address.split(' ');
    return { method, path };
  });
}

async function isOpenTo(
  held: Scope | 'looks into files',
  { method, path }: { method: string; path: string },
): Promise<boolean> {
  door.letPass(1_000); // so that nothing is refused for being a change too many
  const headers = { authorization: `Bearer ${tokenOf(held)}` };
  const body = method === 'GET' ? {} : { body: new URLSearchParams() };
  const leave = new AbortController(); // some never end by themselves
  const answer = await fetch(`${door.origin}${path}`, { method, headers, ...body, signal: leave.signal });
  const isRefused = answer.status === 403 && (await answer.text()).includes('takes the scope');
  leave.abort();
  return !isRefused;
}

test('every address asks for a scope, and what changes something never for that of reading', async () => {
  const routes = everyRoute();
  expect(routes.filter(({ method }) => method === 'POST').length).toBeGreaterThan(30);
  for (const route of routes) {
    const open: Scope[] = [];
    for (const held of scope.options) if (await isOpenTo(held, route)) open.push(held);
    const [only] = open;
    const isOfFiles = open.length === 0 && (await isOpenTo('looks into files', route)); // a page, and what it shows
    expect([route, open.length]).toEqual([route, isOfFiles ? 0 : 1]);
    const fit: (Scope | undefined)[] = route.method === 'GET' ? ['read', 'files', undefined] : ['write', 'approve'];
    expect([route, fit.includes(only)]).toEqual([route, true]);
    if (/\/(approve|deny|break-glass)$/.test(route.path)) expect([route, only]).toEqual([route, 'approve']);
  }
});
