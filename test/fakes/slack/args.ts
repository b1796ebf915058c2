import type { IncomingMessage } from 'node:http';
import type { Json, JsonObject } from './kinds.ts';
import { SlackRefused } from './refused.ts';

/** A body as text; Slack's own ceiling is far higher than anything we send. */
export async function readBody(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** Both forms that Slack takes: a form whose rich values are JSON text, and JSON itself. */
export function parseArgs(contentType: string, body: string): JsonObject {
  if (contentType.startsWith('application/json')) {
    const given = parseJson(body, 'invalid_json');
    if (!isObject(given)) throw new SlackRefused('json_not_object');
    return given;
  }
  if (contentType.startsWith('application/x-www-form-urlencoded')) return Object.fromEntries(new URLSearchParams(body));
  throw new SlackRefused('invalid_post_type');
}

export function parseJson(text: string, word: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new SlackRefused(word);
  }
}

export function text(args: JsonObject, name: string): string | undefined {
  const value = args[name];
  if (value === undefined || value === null || value === '') return undefined;
  return typeof value === 'string' ? value : String(value);
}

export function needed(args: JsonObject, name: string, word = 'invalid_arguments'): string {
  const value = text(args, name);
  if (value !== undefined) return value;
  const messages = [`[ERROR] missing required field: ${name}`];
  throw new SlackRefused(word, word === 'invalid_arguments' ? { response_metadata: { messages } } : {});
}

export function flag(args: JsonObject, name: string): boolean {
  return ['true', '1'].includes(text(args, name) ?? '');
}

/** A rich value: text holding JSON in a form, itself in a JSON body. */
export function rich(args: JsonObject, name: string, word: string): Json | undefined {
  const value = args[name];
  if (value === undefined || value === null || value === '') return undefined;
  return typeof value === 'string' ? parseJson(value, word) : value;
}

export function richObject(args: JsonObject, name: string, word: string): JsonObject | undefined {
  const value = rich(args, name, word);
  if (value === undefined) return undefined;
  if (!isObject(value)) throw new SlackRefused(word);
  return value;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
