import { commands } from '../../commands/commands.ts';
import { createHub } from '../../src/chat/terminal/hub.ts';
import { systemClock } from '../../src/clock.ts';
import { follow } from '../../src/main-follow.ts';
import type { Person } from '../../src/records/person.ts';
import { everyScope } from '../../src/records/scope.ts';
import { createWebServer } from '../../src/web/server.ts';
import { webSettings } from '../../src/web/settings.ts';
import type { Visitor } from '../../src/web/visitor.ts';
import { alice, bob, carol, type Door, openDoor } from '../orchestrator/door.ts';

const people: Record<string, Person> = { alice, bob, carol };

/** Somebody who is logged in, as far as these tests know: a header names them. */
export interface Browser {
  get(path: string, headers?: Record<string, string>): Promise<Page>;
  post(path: string, fields?: Record<string, string>): Promise<Page>;
}

export interface Page {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** The page over a world in memory, spoken to over real HTTP. */
export interface WebDoor extends Door {
  readonly origin: string;
  as(name: string): Browser;
  readonly nobody: Browser;
  /** How many follow an operation now. */
  watchers(): number;
  close(): Promise<void>;
  /** Another server at the same address. */
  openAgain(): Promise<void>;
}

export const csrfOf = (name: string) => `csrf of ${name}`;

export async function openWebDoor(policy: object = {}): Promise<WebDoor> {
  const door = await openDoor(policy);
  const hub = createHub();
  publishTo(hub, door);
  let watching = 0;
  const serverAt = (port: number) =>
    createWebServer({
      settings: webSettings.parse({ port }),
      orchestrator: door.orchestrator,
      words: commands,
      visitors: { who: async ({ headers }) => visitorOf(headers.get('x-test-person')) },
      async *follow(id, signal) {
        watching += 1;
        signal.addEventListener('abort', () => (watching -= 1), { once: true });
        for await (const event of follow(door.orchestrator, hub, id, signal))
          if (event.type === 'view') yield event.view;
      },
      async *changes(signal) {
        for await (const _ of hub.follow({ all: true }, signal)) yield;
      },
      version: '0.0.0',
      clock: { now: () => new Date(door.world.time.now()), sleep: systemClock.sleep },
      log: door.log,
      onBug: (error) => door.bugs.push(error),
    });
  let server = serverAt(0);
  const { port } = await server.listen();
  const origin = `http://127.0.0.1:${port}`;
  return {
    ...door,
    origin,
    as: (name) => browse(origin, name),
    nobody: browse(origin, undefined),
    watchers: () => watching,
    close: () => server.close(),
    async openAgain() {
      server = serverAt(port);
      await server.listen();
    },
    async dispose() {
      await server.close();
      await door.dispose();
    },
  };
}

function visitorOf(name: string | null): Visitor | undefined {
  const person = name === null ? undefined : people[name];
  return person && { person, scopes: everyScope, csrf: csrfOf(person.name) };
}

/** What people see is what the chat was told. */
function publishTo(hub: ReturnType<typeof createHub>, { chat }: Door): void {
  const { views, requests } = chat;
  const [setView, setRequest] = [views.set.bind(views), requests.set.bind(requests)];
  views.set = (id, view) => {
    hub.publish({ type: 'view', view });
    return setView(id, view);
  };
  requests.set = (id, request) => {
    hub.publish({ type: 'request', request });
    return setRequest(id, request);
  };
}

function browse(origin: string, name: string | undefined): Browser {
  const who: Record<string, string> = name === undefined ? {} : { 'x-test-person': name };
  const call = async (path: string, init: RequestInit): Promise<Page> => {
    const answer = await fetch(`${origin}${path}`, { redirect: 'manual', ...init });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };
  return {
    get: (path, headers = {}) => call(path, { headers: { ...who, ...headers } }),
    post(path, fields = {}) {
      const csrf: Record<string, string> = name === undefined ? {} : { csrf: csrfOf(name) };
      const body = new URLSearchParams({ ...csrf, ...fields });
      return call(path, { method: 'POST', headers: who, body });
    },
  };
}
