import { Validator } from '@seriousme/openapi-schema-validator';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { routes } from '../../../src/web/api/routes.ts';
import { openWebDoor, type WebDoor } from '../web-door.ts';
import { programOf } from './api-client.ts';

let door: WebDoor;
beforeEach(async () => {
  door = await openWebDoor();
});
afterEach(async () => {
  expect(door.bugs).toEqual([]);
  await door.dispose();
});

interface Shown {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, { readonly properties?: object }>> };
}

interface Described {
  readonly operationId: string;
  readonly security: unknown;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Record<string, unknown> }>> };
  readonly responses: Readonly<Record<string, unknown>>;
}

async function showDocument(): Promise<Shown> {
  const { status, json } = await programOf(door, 'alice').get('/openapi.json');
  expect(status).toBe(200);
  return json as Shown;
}

test('the document is one of OpenAPI 3.1, and names every route once', async () => {
  const document = await showDocument();
  const checked = await new Validator().validate({ ...structuredClone(document) });
  expect(checked.errors ?? []).toEqual([]);
  expect(checked.valid).toBe(true);
  expect(document.openapi).toBe('3.1.0');
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  expect(described.sort()).toEqual(
    routes.map(({ kind, path }) => `${kind === 'change' ? 'post' : 'get'} ${path}`).sort(),
  );
  const ids = Object.values(document.paths).flatMap((methods) => Object.values(methods).map((one) => one.operationId));
  expect(new Set(ids).size).toBe(ids.length);
});

test('the document tells of a change what its word takes, and of a list what it is filtered by', async () => {
  const { paths, components } = await showDocument();
  const backup = paths['/workspaces/{workspace}/backup']?.post;
  const body = backup?.requestBody?.content['application/json']?.schema;
  expect(Object.keys(body?.properties ?? {})).toEqual(
    expect.arrayContaining(['name', 'reason', 'notice', 'now', 'dryRun']),
  );
  expect(body?.properties).not.toHaveProperty('workspace');
  expect(body?.properties).toMatchObject({ notice: { description: 'Warn people this long before services stop' } });
  expect(Object.keys(backup?.responses ?? {})).toEqual(['200', '202', 'default']);
  expect(backup?.security).toEqual([{ token: ['write'] }, { session: [] }]);
  const names = paths['/backups']?.get?.parameters?.flatMap(({ name, in: at }) => (at === 'query' ? [name] : []));
  expect(names).toEqual(expect.arrayContaining(['workspace', 'status', 'order', 'limit', 'cursor']));
  expect(components.schemas.Backup?.properties).toHaveProperty('takenAt');
});
