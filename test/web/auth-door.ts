import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commands } from '../../commands/commands.ts';
import type { ConfiguredPerson } from '../../src/config-schema.ts';
import { admitProgram, admitToken, hashToken, standingOf } from '../../src/main-people.ts';
import { admitSignedIn } from '../../src/main-signed-in.ts';
import type { Person } from '../../src/records/person.ts';
import { type Auth, createAuth } from '../../src/web/auth/auth.ts';
import type { Claims } from '../../src/web/auth/oidc/claims.ts';
import { createWebServer } from '../../src/web/server.ts';
import { webSettings } from '../../src/web/settings.ts';
import { type Door, openDoor } from '../orchestrator/door.ts';

export interface Heard {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly fields?: Record<string, string>;
  readonly body?: string;
  /** The address of this machine that it comes from. */
  readonly from?: string;
}

/** Somebody who is logged in. */
export interface Known {
  readonly cookie: string;
  readonly csrf: string;
  get(path: string): Promise<Heard>;
  post(path: string, fields?: Record<string, string>): Promise<Heard>;
}

export const tokenOf = (name: string) => `the token of ${name}`;

/** The page with its real login, over a world in memory. */
export interface AuthDoor extends Door {
  readonly origin: string;
  readonly folder: string;
  /** `people:` of cml.yaml; may be changed as a deployer would. */
  readonly people: Record<string, ConfiguredPerson>;
  readonly auth: () => Auth;
  /** Says exactly this: neither the path nor a header is made nice. */
  ask(path: string, ask?: Ask): Promise<Heard>;
  logIn(name: string, headers?: Record<string, string>): Promise<Known>;
  letPass(ms: number): void;
  /** Another life of the server, over the same files. */
  again(): Promise<void>;
}

export interface AuthDoorOptions {
  /** `slack.team` of cml.yaml. */
  readonly team?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export async function openAuthDoor(settings: object = {}, options: AuthDoorOptions = {}): Promise<AuthDoor> {
  const door = await openDoor();
  const folder = await mkdtemp(join(tmpdir(), 'cml-auth-'));
  const people: AuthDoor['people'] = {};
  for (const name of ['alice', 'bob', 'carol']) people[name] = { token: hashToken(tokenOf(name)) };
  let passedMs = 0;
  const clock = { now: () => new Date(Date.parse('2026-03-01T12:00:00Z') + passedMs), sleep: async () => undefined };
  const slack = { team: options.team };
  const rules = () => ({ people, slack, oidc: webSettings.parse(settings).oidc, trustBarePeople: false });
  const admission = {
    byToken: async (token: string) => admitToken(token, { people }),
    byProgram: async (token: string) => admitProgram(token, { people }, clock.now()),
    bySignIn: async (claims: Claims) => admitSignedIn(claims, rules()),
    standingOf: async (person: Person) => standingOf(person, rules()),
  };

  async function begin(port: number) {
    const web = webSettings.parse({ ...settings, port });
    // Cookies are named by the port that is configured, which is the same in each life.
    const configured = { ...web, port: 0 };
    const auth = await createAuth({
      ...{ settings: configured, folder, admission, clock, log: door.log },
      ...{ environment: options.environment ?? {}, note: door.orchestrator.noteLogin },
    });
    const server = createWebServer({
      ...{
        settings: web,
        orchestrator: door.orchestrator,
        words: commands,
        visitors: auth.visitors,
        entrance: auth.entrance,
      },
      notes: auth.notes,
      ...{ clock, log: door.log, version: '0.0.0', onBug: (error: unknown) => door.bugs.push(error) },
      async *follow() {},
      async *changes() {},
    });
    return { auth, server, port: (await server.listen()).port };
  }

  let life = await begin(0);
  const { port } = life;
  const origin = `http://127.0.0.1:${port}`;
  const ask = (path: string, wish: Ask = {}) => say(port, path, wish);
  return {
    ...door,
    ...{ origin, folder, people, ask },
    auth: () => life.auth,
    letPass: (ms) => {
      passedMs += ms;
    },
    async logIn(name, headers = {}) {
      const answer = await ask('/login', { headers, fields: { token: tokenOf(name) } });
      const cookie = answer.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
      const csrf = /name="csrf" value="([^"]+)"/.exec((await ask('/', { headers: { cookie } })).text)?.[1] ?? '';
      const own = (path: string, wish: Ask) => ask(path, { ...wish, headers: { cookie } });
      return {
        ...{ cookie, csrf },
        get: (path) => own(path, {}),
        post: (path, fields = {}) => own(path, { fields: { csrf, ...fields } }),
      };
    },
    async again() {
      await life.server.close();
      life = await begin(port);
    },
    async dispose() {
      await life.server.close();
      await door.dispose();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function say(port: number, path: string, { method, headers = {}, fields, body, from }: Ask): Promise<Heard> {
  const sent = body ?? (fields && new URLSearchParams(fields).toString());
  const type = fields ? { 'content-type': 'application/x-www-form-urlencoded' } : {};
  return new Promise((resolve, reject) => {
    const asking = request({
      ...{ host: '127.0.0.1', port, path, method: method ?? (sent === undefined ? 'GET' : 'POST'), agent: false },
      ...(from ? { localAddress: from } : {}),
      headers: { ...type, ...headers },
    });
    asking.once('error', reject);
    asking.once('response', (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      answer.once('error', reject);
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
    });
    asking.end(sent);
  });
}
