import { setFlagsFromString } from 'node:v8';
import { commands } from '../commands/commands.ts';
import type { Hub } from './chat/terminal/hub.ts';
import { systemClock } from './clock.ts';
import type { Config, Environment } from './config.ts';
import { isAppError, PortError } from './errors.ts';
import type { Log } from './log.ts';
import { follow } from './main-follow.ts';
import { admit, admitProgram, admitToken, standingOf } from './main-people.ts';
import { admitSignedIn } from './main-signed-in.ts';
import { VERSION } from './main-version.ts';
import type { Orchestrator } from './orchestrator/orchestrator.ts';
import type { OperationView } from './records/operation.ts';
import type { Person } from './records/person.ts';
import { type Auth, createAuth } from './web/auth/auth.ts';
import type { Claims } from './web/auth/oidc/claims.ts';
import { createWebServer } from './web/server.ts';
import type { WebSettings } from './web/settings.ts';

export interface WebOptions {
  readonly settings: WebSettings;
  /** The data folder. */
  readonly data: string;
  readonly config: () => Promise<Pick<Config, 'people' | 'trustBarePeople' | 'slack'>>;
  /** Where the secret may be by which the issuer knows us. */
  readonly environment: Environment;
  readonly orchestrator: Orchestrator;
  readonly hub: Hub;
  readonly log: Log;
  readonly onBug: (error: unknown) => void;
}

/** An address, and the same with what logs one person in, once. */
export interface PageLink {
  readonly page: string;
  readonly login: string;
  readonly until: Date;
}

export interface Web {
  /** Opens the page where that was not possible before: a port that is taken must not keep the night from its backups. */
  look(): Promise<void>;
  /** @throws PortError when the page cannot be opened, UserError when they would not be let in. */
  linkFor(person: Person): Promise<PageLink>;
  /** Tells whoever sits before this server how to log in. */
  greet(terminal: NodeJS.WriteStream): Promise<void>;
  close(): Promise<void>;
}

/** The page; loaded only where it is configured. */
export function createWeb({ settings, data, config, environment, log, ...options }: WebOptions): Web {
  makeRoomForPages();
  const { orchestrator } = options;
  const known = async () => ({ ...(await config()), oidc: settings.oidc });
  const admission = {
    byToken: async (token: string) => admitToken(token, await config()),
    byProgram: async (token: string) => admitProgram(token, await config(), systemClock.now()),
    bySignIn: async (claims: Claims) => admitSignedIn(claims, await known()),
    standingOf: async (person: Person) => standingOf(person, await known()),
  };
  let opening: Promise<Opened> | undefined;
  let closing = false;

  async function open(): Promise<Opened> {
    const auth = await createAuth({
      ...{ settings, folder: data, admission, environment, clock: systemClock, log },
      note: orchestrator.noteLogin,
    });
    const server = serverFor({ settings, log, ...options }, auth);
    const { port } = await server.listen();
    const page = new URL(
      settings.url ?? `http://${settings.host.includes(':') ? `[${settings.host}]` : settings.host}:${port}`,
    );
    log.info({ page: page.href }, 'the page is open');
    return { auth, page: page.href, close: server.close };
  }

  /** Tried anew by whoever asks after it failed. */
  function opened(): Promise<Opened> {
    if (closing) throw new PortError('server-unavailable', 'The server ends.');
    opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  }

  async function linkFor(person: Person): Promise<PageLink> {
    const { auth, page } = await opened();
    const { path, until } = await auth.invite(person);
    return { page, login: new URL(path, page).href, until };
  }

  return {
    linkFor,
    async look() {
      try {
        await opened();
      } catch (error) {
        if (!isAppError(error)) throw error;
        log.warn({ err: error }, 'the page cannot be opened now');
      }
    },
    async greet(terminal) {
      try {
        // Of the link nothing is left in a file: who reads those later is not always who may log in.
        const self = terminal.isTTY ? admit({ uid: process.getuid?.() ?? 0 }, await config()) : undefined;
        const login = self && (await linkFor(self)).login;
        const { page } = await opened();
        terminal.write(
          login
            ? `Log in to the page, once and within ten minutes: ${login}\n`
            : `The page is at ${page} (a link that logs in: cml web)\n`,
        );
      } catch (error) {
        if (!isAppError(error)) throw error;
        terminal.write(`The page cannot be opened: ${error.message}\n`);
      }
    },
    async close() {
      closing = true;
      await (await opening?.catch(() => undefined))?.close();
    },
  };
}

/**
 * A page is made of much that is needed for a moment only. In the small space that a server begins with it would be taken
 * for something that stays, and looking for it again there costs more than the page itself. And a server that saves memory
 * looks through all that it holds whenever a tenth came to it: with a large catalog and some readers, every two seconds, on
 * every processor. With two fifths that is rare, for about a
 * tenth more memory.
 */
function makeRoomForPages(): void {
  setFlagsFromString('--semi-space-growth-factor=2');
  setFlagsFromString('--no-optimize-for-size');
  setFlagsFromString('--heap-growing-percent=40');
}

interface Opened {
  readonly auth: Auth;
  readonly page: string;
  close(): Promise<void>;
}

function serverFor({ orchestrator, hub, ...options }: Omit<WebOptions, 'data' | 'config' | 'environment'>, auth: Auth) {
  return createWebServer({
    ...options,
    orchestrator,
    words: commands,
    visitors: auth.visitors,
    entrance: auth.entrance,
    notes: auth.notes,
    version: VERSION,
    clock: systemClock,
    follow: (operationId, signal) => views(orchestrator, hub, operationId, signal),
    changes: (signal) => changes(hub, signal),
  });
}

async function* views(
  orchestrator: Orchestrator,
  hub: Hub,
  operationId: string,
  signal: AbortSignal,
): AsyncIterable<OperationView> {
  for await (const event of follow(orchestrator, hub, operationId, signal)) if (event.type === 'view') yield event.view;
}

async function* changes(hub: Hub, signal: AbortSignal): AsyncIterable<void> {
  for await (const _ of hub.follow({ all: true }, signal)) yield;
}
