import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { z } from 'zod';
import { parseInput } from '../../chat/command.ts';
import type { WebEnv } from '../visitor.ts';
import type { WebWorld } from '../web-world.ts';
import { tellViews } from './events.ts';
import { FieldsError, readFields } from './fields.ts';
import type { Route, WordRoute } from './route.ts';
import { bodyOf, saidByPath, wordOf } from './words.ts';

export type Answerer = (context: Context<WebEnv>, places: Readonly<Record<string, string>>) => Promise<Response>;

export function answererOf(route: Route, world: WebWorld): Answerer {
  switch (route.kind) {
    case 'list':
      return async (context) => {
        const given = Object.fromEntries(new URL(context.req.url).searchParams);
        return answerText(context, JSON.stringify(await route.look(world, given)));
      };
    case 'stream':
      return (context, places) => tellViews(route, world, context, places);
    default:
      return saying(route, world);
  }
}

const JSON_TYPE = { 'content-type': 'application/json' };

/** With a strong mark of its content. Somebody may keep it, and has to ask each time whether it still holds. */
export function answerText(context: Context<WebEnv>, text: string): Response {
  const bytes = Buffer.from(text);
  context.header('etag', `"${createHash('sha256').update(bytes).digest('base64url')}"`);
  context.header('cache-control', 'private, no-cache');
  context.header('vary', 'authorization, cookie');
  return context.body(bytes, 200, JSON_TYPE);
}

/** What was made, by the answer of a word. */
const made = z.object({
  operation: z.object({ id: z.string() }).optional(),
  request: z.object({ id: z.string() }).optional(),
});

function saying(route: WordRoute, world: WebWorld): Answerer {
  const word = wordOf(world, route.word);
  const body = bodyOf(route, word);
  return async (context, places) => {
    const said = route.kind === 'change' ? await readBody(context) : {};
    readFields(body, said);
    const input = parseInput(word, { ...said, ...saidByPath(route, places) });
    const { person } = context.get('visitor');
    const { json } = await word.run({ orchestrator: world.orchestrator, person }, input);
    const text = JSON.stringify(json);
    if (route.kind === 'look') return answerText(context, text);
    const id = route.makes && made.safeParse(json).data?.[route.makes]?.id;
    if (id === undefined) return context.body(text, 200, JSON_TYPE);
    context.header('location', `/api/v1/${route.makes}s/${id}`);
    return context.body(text, route.makes === 'operation' ? 202 : 201, JSON_TYPE);
  };
}

/** @throws HTTPException 415, FieldsError when it is no object. */
async function readBody({ req }: Context<WebEnv>): Promise<Record<string, unknown>> {
  const text = await req.text();
  if (text === '') return {};
  if (!/^application\/json\s*(;|$)/i.test(req.header('content-type') ?? '')) {
    throw new HTTPException(415, { message: 'What is sent has to be application/json.' });
  }
  return readFields(z.record(z.string(), z.unknown()), parseJson(text));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FieldsError([{ field: '', detail: 'it is not JSON' }], cause);
  }
}
