import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isObject } from './args.ts';
import type { Json, JsonObject } from './kinds.ts';
import type { Links } from './links.ts';
import { signedHeaders } from './signing.ts';
import type { World } from './world.ts';

export type DeliveryKind = 'slash_commands' | 'interactive' | 'events_api';

/** One thing handed to the app, and what the app made of it so far. */
export interface Delivery {
  readonly id: string;
  readonly kind: DeliveryKind;
  readonly payload: JsonObject;
  /** From sending to the acknowledgement. */
  ackMs?: number;
  ack?: JsonObject;
  /** The word Slack shows the person when the app did not take it. */
  error?: string;
  /** Of the app's answer by HTTP. */
  status?: number;
  /** What the app said of it, in its acknowledgement and at the `response_url`, in order. */
  readonly responses: JsonObject[];
  /** The bytes and headers that went out by HTTP. */
  wire?: { readonly body: string; readonly headers: Readonly<Record<string, string>> };
}

export interface DeliverOptions {
  /** Sign as if sent at this time, in seconds since 1970. */
  readonly signedAt?: number;
  readonly signingSecret?: string;
  /** It took so long on its way: what was handed out with it is that old, and Slack waits that much less. */
  readonly lateMs?: number;
  /** A second, third ... attempt of an event, and why. */
  readonly retry?: { readonly number: number; readonly reason: string };
}

export interface Deliveries {
  readonly all: Delivery[];
  /** Settles with the acknowledgement or when its time is over. */
  send(delivery: Delivery, options?: DeliverOptions): Promise<Delivery>;
  /** The very same again: the same envelope, or the same bytes with the same signature. */
  again(delivery: Delivery, options?: DeliverOptions): Promise<Delivery>;
  acked(id: string, payload: JsonObject): void;
}

export interface DeliveryWay {
  /** By HTTP to this address; over the sockets when undefined. */
  url: string | undefined;
  readonly signingSecret: string;
  readonly ackLimitMs: number;
}

export function createDeliveries(world: Pick<World, 'pass'>, links: () => Links, way: DeliveryWay): Deliveries {
  const all: Delivery[] = [];
  const waiting = new Map<string, (payload: JsonObject) => void>();
  const transmit = async (delivery: Delivery, options: DeliverOptions) => {
    const startedAt = performance.now();
    const { lateMs = 0 } = options;
    world.pass(lateMs);
    const limitMs = Math.max(0, way.ackLimitMs - lateMs);
    const ack = way.url
      ? await post(way.url, delivery, { ...way, ackLimitMs: limitMs }, options)
      : await overSocket(delivery, links(), waiting, limitMs, options);
    if (ack === undefined) return;
    delivery.ackMs = lateMs + performance.now() - startedAt;
    delivery.ack = ack;
    delete delivery.error;
  };
  return {
    all,
    send: async (delivery, options = {}) => {
      all.push(delivery);
      await transmit(delivery, options);
      return delivery;
    },
    again: async (delivery, options = {}) => {
      const { ack: _, ackMs: __, error: ___, status: ____, ...same } = delivery;
      const copy: Delivery = { ...same, responses: [] };
      if (options.signedAt !== undefined || options.signingSecret || options.retry) delete copy.wire;
      all.push(copy);
      await transmit(copy, options);
      return copy;
    },
    acked: (id, payload) => {
      waiting.get(id)?.(payload);
      waiting.delete(id);
    },
  };
}

export function newDelivery(kind: DeliveryKind, payload: JsonObject, id: string = randomUUID()): Delivery {
  return { id, kind, payload, responses: [] };
}

function overSocket(
  delivery: Delivery,
  links: Links,
  waiting: Map<string, (payload: JsonObject) => void>,
  limitMs: number,
  { retry }: DeliverOptions,
): Promise<JsonObject | undefined> {
  const sent = links.send({
    envelope_id: delivery.id,
    type: delivery.kind,
    payload: delivery.payload,
    accepts_response_payload: delivery.kind === 'slash_commands' || delivery.payload.type === 'view_submission',
    ...(delivery.kind === 'events_api' ? { retry_attempt: retry?.number ?? 0, retry_reason: retry?.reason ?? '' } : {}),
  });
  if (!sent) {
    delivery.error = 'dispatch_failed';
    return Promise.resolve(undefined);
  }
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      waiting.delete(delivery.id);
      delivery.error = 'operation_timeout';
      resolve(undefined);
    }, limitMs);
    waiting.set(delivery.id, (payload) => {
      clearTimeout(timer);
      resolve(payload);
    });
  });
}

async function post(
  url: string,
  delivery: Delivery,
  way: DeliveryWay,
  options: DeliverOptions,
): Promise<JsonObject | undefined> {
  delivery.wire ??= makeWire(delivery, way, options);
  const { body, headers } = delivery.wire;
  // The request goes on after Slack has given up on it: the app may still take it.
  const signal = AbortSignal.timeout(way.ackLimitMs + 3000);
  const sent = fetch(url, { method: 'POST', body, headers: { ...headers }, signal }).catch(() => 'gone' as const);
  const answer = await Promise.race([sent, sleep(way.ackLimitMs, 'late' as const, { ref: false })]);
  if (typeof answer === 'string') {
    delivery.error = answer === 'late' ? 'operation_timeout' : 'dispatch_failed';
    return undefined;
  }
  delivery.status = answer.status;
  const text = await answer.text();
  if (answer.ok) return readAnswer(text);
  delivery.error = answer.status >= 500 ? 'http_service_error' : 'http_client_error';
  return undefined;
}

function makeWire({ kind, payload }: Delivery, way: DeliveryWay, options: DeliverOptions) {
  const isForm = kind !== 'events_api';
  const form = kind === 'slash_commands' ? (payload as Record<string, string>) : { payload: JSON.stringify(payload) };
  const body = isForm ? new URLSearchParams(form).toString() : JSON.stringify(payload);
  const { retry } = options;
  return {
    body,
    headers: {
      // A charset behind it would be refused by Bolt; Slack sends none.
      'content-type': isForm ? 'application/x-www-form-urlencoded' : 'application/json',
      ...signedHeaders(body, options.signingSecret ?? way.signingSecret, options.signedAt),
      ...(retry ? { 'x-slack-retry-num': String(retry.number), 'x-slack-retry-reason': retry.reason } : {}),
    },
  };
}

function readAnswer(text: string): JsonObject {
  if (text === '') return {};
  try {
    const value = JSON.parse(text) as Json;
    return isObject(value) ? value : { text };
  } catch {
    return { text };
  }
}
