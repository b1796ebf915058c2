import { z } from 'zod';
import {
  createDocument as write,
  type ZodOpenApiObject,
  type ZodOpenApiOperationObject,
  type ZodOpenApiOverride,
  type ZodOpenApiPathsObject,
} from 'zod-openapi';
import type { WebWorld } from '../web-world.ts';
import { problem } from './problem.ts';
import { placesOf, type Route, type WordRoute } from './route.ts';
import { bodyOf, wordOf } from './words.ts';

const ABOUT =
  'Every change says one of the words that the terminal and Slack know, and its answer is what the terminal prints with --json. Lengths of time are in milliseconds, sizes in bytes, times in ISO 8601.';

/** The OpenAPI document of the routes, made from the same schemas that read what is asked and that records are kept by. */
export function createDocument(world: Pick<WebWorld, 'words' | 'version'>, routes: readonly Route[]) {
  const paths: ZodOpenApiPathsObject = {};
  for (const route of routes) {
    const method = route.kind === 'change' ? 'post' : 'get';
    paths[route.path] = { ...paths[route.path], [method]: describeRoute(route, world) };
  }
  const document: ZodOpenApiObject = {
    openapi: '3.1.0',
    info: { title: 'Workspace Backup Catalog', version: world.version, description: ABOUT },
    servers: [{ url: '/api/v1' }],
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'Of a person: cml token' },
        session: { type: 'apiKey', in: 'cookie', name: 'cml', description: 'Of whoever is logged in to the page' },
      },
    },
  };
  return write(document, { override: tidy });
}

/** A later version may answer more than this one: that shall break nobody. And what a moment is need not be spelled out. */
function tidy({ jsonSchema, zodSchema, io }: Parameters<ZodOpenApiOverride>[0]): void {
  const isLoose = io === 'output' && zodSchema._zod.def.type === 'object';
  if (isLoose && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
}

function describeRoute(route: Route, world: Pick<WebWorld, 'words'>): ZodOpenApiOperationObject {
  const { path, summary, scope } = route;
  const isChange = route.kind === 'change';
  return {
    operationId: operationIdOf(route),
    summary,
    tags: [path.split('/')[1] ?? ''],
    security: [{ token: [scope] }, { session: [] }],
    requestParams: {
      path: placesOf(path),
      ...(route.kind === 'list' ? { query: route.query } : {}),
      header: isChange ? csrfHeader : unlessChanged,
    },
    ...(isChange ? { requestBody: { content: json(bodyOf(route, wordOf(world, route.word))) } } : {}),
    responses: { ...answersOf(route), default: { description: 'It was not done', content: problemJson } },
  };
}

const csrfHeader = z.object({
  'X-CSRF-Token': z.string().optional().meta({ description: 'Of a session: the token that its page carries' }),
});
const unlessChanged = z.object({
  'If-None-Match': z.string().optional().meta({ description: 'The ETag of an answer that is known already' }),
});

const json = (schema: z.ZodType) => ({ 'application/json': { schema } });
const problemJson = { 'application/problem+json': { schema: problem } };

function answersOf(route: Route): ZodOpenApiOperationObject['responses'] {
  if (route.kind === 'stream') {
    return {
      200: { description: 'Events; the data of each view', content: { 'text/event-stream': { schema: route.answer } } },
    };
  }
  if (route.kind !== 'change') {
    return { 200: { description: 'As it stands', content: json(route.answer) }, 304: { description: 'As it was' } };
  }
  return answersOfChange(route);
}

function answersOfChange({ answer, plan, makes }: WordRoute): ZodOpenApiOperationObject['responses'] {
  if (makes === undefined) return { 200: { description: 'It is done', content: json(answer) } };
  const headers = z.object({ Location: z.string().meta({ description: 'Where to look at it' }) });
  return {
    [makes === 'operation' ? 202 : 201]: { description: MADE[makes], headers, content: json(answer) },
    ...(plan ? { 200: { description: 'With dryRun: what it would do', content: json(plan) } } : {}),
  };
}

const MADE = { operation: 'It has begun', request: 'It waits for the decision of another person' };

/** `getBackups`, `postBackupsRestore`. */
function operationIdOf({ kind, path }: Route): string {
  const words = path.split('/').filter((word) => word !== '');
  const named = words.map((word) => (word.startsWith('{') ? `By${capital(word.slice(1, -1))}` : capital(word)));
  return `${kind === 'change' ? 'post' : 'get'}${named.join('')}`;
}

function capital(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
}
