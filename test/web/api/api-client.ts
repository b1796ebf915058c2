import { expect } from 'vitest';
import type { z } from 'zod';
import { problem } from '../../../src/web/api/problem.ts';
import { csrfOf, type WebDoor } from '../web-door.ts';

export interface Heard {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: unknown;
}

/** A program that speaks as somebody, with the token of their session where it changes something. */
export interface Program {
  get(path: string, headers?: Record<string, string>): Promise<Heard>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Heard>;
}

export function programOf(door: WebDoor, name: string): Program {
  const call = async (path: string, init: RequestInit & { headers: Record<string, string> }): Promise<Heard> => {
    const headers = { 'x-test-person': name, ...init.headers };
    const answer = await fetch(`${door.origin}/api/v1${path}`, { ...init, headers, redirect: 'manual' });
    const text = await answer.text();
    const isJson = /json/.test(answer.headers.get('content-type') ?? '');
    return { status: answer.status, headers: answer.headers, text, json: isJson ? JSON.parse(text) : undefined };
  };
  return {
    get: (path, headers = {}) => call(path, { headers }),
    post(path, body, headers = {}) {
      const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
      const sent = typeof body === 'string' ? body : JSON.stringify(body);
      return call(path, {
        method: 'POST',
        headers: { 'x-csrf-token': csrfOf(name), ...type, ...headers },
        ...(body === undefined ? {} : { body: sent }),
      });
    },
  };
}

/** Reads an answer by its schema, which has to know every field of it. */
export function readBy<Schema extends z.ZodType>(schema: Schema, { status, json }: Heard): z.output<Schema> {
  const read = schema.safeParse(json);
  expect([status, read.error?.issues ?? []]).toEqual([status, []]);
  expect(read.data).toEqual(json);
  return schema.parse(json);
}

/** Of what was refused: status and problem. */
export function refusalOf(heard: Heard): z.output<typeof problem> {
  expect(heard.headers.get('content-type')).toBe('application/problem+json');
  const read = readBy(problem, heard);
  expect(read.status).toBe(heard.status);
  return read;
}
