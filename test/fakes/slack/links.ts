import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { JsonObject } from './kinds.ts';
import { APP, type World } from './world.ts';

/** docs.slack.dev, using Socket Mode: up to 10 at a time. */
const MAX_OPEN = 10;

/** The open sockets of Socket Mode. */
export interface Links {
  /** Off: Slack refuses new ones. */
  enabled: boolean;
  /** A single-use address. */
  newAddress(): string;
  upgrade(message: IncomingMessage, socket: Duplex, head: Buffer): void;
  open(): number;
  /** Over any of them, in turn; false when there is none. */
  send(envelope: JsonObject): boolean;
  /** Slack asks for new ones, and closes these. */
  refresh(): void;
  /** About ten seconds before a refresh. */
  warn(): void;
  /** Socket Mode was switched off in the app's settings. */
  disable(): void;
  /** The network is gone: no goodbye. */
  drop(): void;
  close(): void;
}

export function createLinks(
  world: World,
  baseUrl: () => string,
  acked: (id: string, payload: JsonObject) => void,
): Links {
  const server = new WebSocketServer({ noServer: true });
  const tickets = new Set<string>();
  const open: WebSocket[] = [];
  let turn = 0;
  const tellAll = (reason: string) => {
    for (const one of open) one.send(JSON.stringify(goodbye(reason)));
  };
  const accept = (socket: WebSocket) => {
    socket.on('error', () => socket.terminate());
    if (open.length >= MAX_OPEN) {
      socket.send(JSON.stringify(goodbye('too_many_websockets')));
      socket.close();
      return;
    }
    open.push(socket);
    socket.on('close', () => {
      const at = open.indexOf(socket);
      if (at >= 0) open.splice(at, 1);
    });
    socket.on('message', (data) => readAck(String(data), acked));
    socket.send(JSON.stringify(hello(open.length)));
  };
  const links: Links = {
    enabled: true,
    newAddress: () => {
      const ticket = world.nextId('ticket').toLowerCase();
      tickets.add(ticket);
      return `${baseUrl().replace('http', 'ws')}/link/?ticket=${ticket}&app_id=${APP}`;
    },
    upgrade: (message, socket, head) => {
      const ticket = new URL(message.url ?? '', 'http://slack').searchParams.get('ticket') ?? '';
      if (tickets.delete(ticket) && links.enabled) server.handleUpgrade(message, socket, head, accept);
      else socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    },
    open: () => open.length,
    send: (envelope) => {
      const chosen = open[turn++ % Math.max(open.length, 1)];
      chosen?.send(JSON.stringify(envelope));
      return chosen !== undefined;
    },
    refresh: () => tellAll('refresh_requested'),
    warn: () => tellAll('warning'),
    disable: () => {
      links.enabled = false;
      tellAll('link_disabled');
    },
    drop: () => {
      for (const one of open.splice(0)) one.terminate();
    },
    close: () => {
      for (const one of open.splice(0)) one.terminate();
      server.close();
    },
  };
  return links;
}

function hello(connections: number): JsonObject {
  return {
    type: 'hello',
    num_connections: connections,
    connection_info: { app_id: APP },
    debug_info: { host: 'applink-double', build_number: 1, approximate_connection_time: 18_060 },
  };
}

function goodbye(reason: string): JsonObject {
  return { type: 'disconnect', reason, debug_info: { host: 'applink-double' } };
}

function readAck(text: string, acked: (id: string, payload: JsonObject) => void): void {
  const { envelope_id: id, payload } = JSON.parse(text) as { envelope_id?: string; payload?: JsonObject };
  if (id) acked(id, payload ?? {});
}
