import { join } from 'node:path';
import { commands } from '../commands/commands.ts';
import { serverCommands } from '../commands/deployer.ts';
import type { ServerContext } from '../commands/server-context.ts';
import { createLowdbCatalog } from './catalog/lowdb/lowdb-catalog.ts';
import type { Answer } from './chat/answer.ts';
import { parseInput } from './chat/command.ts';
import type { SlackSettings } from './chat/slack/settings.ts';
import { createHub } from './chat/terminal/hub.ts';
import { createTerminalServer } from './chat/terminal/server.ts';
import { createTerminalChat } from './chat/terminal/terminal-chat.ts';
import { createChats } from './chat/together.ts';
import { systemClock } from './clock.ts';
import { type Config, type ConfigSource, readConfig } from './config.ts';
import { warnAbout } from './config-warnings.ts';
import { UserError } from './errors.ts';
import type { Log } from './log.ts';
import { createLiveConfig } from './main-config.ts';
import { follow, followRequest } from './main-follow.ts';
import type { Watched } from './main-metrics.ts';
import { beginSchedules, createSlackIfConfigured, createWebIfConfigured } from './main-optional.ts';
import { admit } from './main-people.ts';
import { createPorts } from './main-ports.ts';
import type { SlackOptions } from './main-slack.ts';
import { createStop } from './main-stop.ts';
import { VERSION } from './main-version.ts';
import { usualDelays } from './operation/retry.ts';
import { createOrchestrator, type Orchestrator } from './orchestrator/orchestrator.ts';
import { noUpkeep } from './orchestrator/upkeep.ts';
import { createNewId } from './records/ids.ts';
import type { Person } from './records/person.ts';
import type { WorkspaceSettings } from './records/workspace.ts';

/** Said while something is wrong: they work with the configuration that was last in order. */
const RECOVERY_WORDS = new Set(['start', 'status', 'list', 'cancel', 'postpone']);
const SWEEP_MS = 60_000;
/** So many requests, the newest, are drawn again at boot. */
const REDRAWN = 50;
const LOOK_IDLE_MS = 1_000;

export interface Served {
  readonly source: ConfigSource;
  readonly data: string;
  readonly notify: readonly string[] | undefined;
  readonly slack: SlackSettings | undefined;
  readonly watched: Watched | undefined;
  readonly people: SlackOptions['people'];
  readonly log: Log;
  readonly idleMs: number | undefined;
}

/** Recovers, then checks the configuration, then opens the doors and begins what happens unasked. */
export async function serveFolder({
  source,
  data,
  notify,
  slack: slackSettings,
  watched,
  people,
  log,
  idleMs,
}: Served): Promise<string> {
  const hub = createHub();
  const catalog = createLowdbCatalog({ folder: data });
  let notifyNow = notify;
  const notifyCommand = () => {
    const [first, ...rest] = notifyNow ?? [];
    return first === undefined ? undefined : ([first, ...rest] as const);
  };
  const stop = createStop();
  const terminal = createTerminalChat({
    messagesFile: join(data, 'messages.log'),
    notifyCommand,
    isFileRead: slackSettings === undefined,
    followers: hub,
    clock: systemClock,
    log,
  });
  const workspaces: Record<string, WorkspaceSettings> = {};
  let upkeep = noUpkeep;
  let lastTickAt = (): Date | undefined => undefined;
  let refreshWorkspaces = async (): Promise<void> => undefined; // recovery works with what the journals keep
  const ports = createPorts({
    data,
    log,
    clock: systemClock,
    pageCommand: notifyCommand,
    environment: source.environment,
  });
  const slack = await createSlackIfConfigured({
    settings: slackSettings,
    people,
    environment: source.environment,
    data,
    log,
    onBug: stop.crash,
  });
  const chat = createChats([terminal, ...(slack ? [slack.chat] : [])], log);
  const orchestrator: Orchestrator = createOrchestrator({
    catalog,
    chat,
    clock: systemClock,
    log,
    newId: createNewId(() => new Date(), Math.random),
    delays: usualDelays,
    workspaces,
    upkeep: () => upkeep,
    fire: async (schedule, slotAt, person) =>
      (await import('./main-schedules.ts')).fire(orchestrator, schedule, slotAt, person),
    isResident: idleMs === undefined,
    refreshWorkspaces: () => refreshWorkspaces(),
    portsFor: ports.portsFor,
    ...(slack ? { approversNow: slack.approversNow } : {}),
    workFolder: join(data, 'work'),
    onBug: stop.crash,
  });
  watched?.use({ orchestrator, chat, onBug: stop.crash, lastTickAt: () => lastTickAt() });
  const recovered = await orchestrator.recover();
  watched?.recovered();
  log.info({ operations: recovered.map((running) => running.operation().id) }, 'the server took up what was open');
  try {
    return await openDoors();
  } finally {
    // Whatever ended it (a signal, a broken cml.yaml, a full disk): services that are down come up first.
    await orchestrator.wrapUp();
    await slack?.end();
  }

  async function openDoors(): Promise<string> {
    const config = await readConfig(source);
    const live = createLiveConfig(source, config, (now) => {
      replaceAll(workspaces, now.workspaces);
      upkeep = now.upkeep;
      for (const setting of warnAbout(now, systemClock.now())) log.warn({ setting }, 'a setting is hardly meant');
      notifyNow = now.notify?.command;
      slack?.use(now);
    });
    refreshWorkspaces = async () => void (await live.current());
    const { setAside } = await catalog.open();
    for (const record of setAside) log.warn(record, 'a record could not be read and was set aside');
    const configFor = (word: string) => (RECOVERY_WORDS.has(word) ? live.currentOrLast() : live.current());
    const web = await createWebIfConfigured({
      settings: config.web,
      config: () => live.currentOrLast(),
      environment: source.environment,
      ...{ data, orchestrator, hub, log, onBug: stop.crash },
    });
    const linkFor = (person: Person) => (web ? web.linkFor(person) : refuseWithoutPage());
    const server = createTerminalServer({
      socketPath: join(data, 'control.sock'),
      noncesFolder: join(data, 'nonces'),
      version: VERSION,
      log,
      clock: systemClock,
      onBug: stop.crash,
      say: async (caller, word, given) => say({ orchestrator, linkFor }, await configFor(word), caller, word, given),
      download: async (caller, wanted, signal) =>
        orchestrator.downloadFile(admit(caller, await configFor('files')), wanted, signal),
      follow: (id, signal) => follow(orchestrator, hub, id, signal),
      followRequest: (id, signal) => followRequest(orchestrator, hub, id, signal),
    });
    await orchestrator.takeTurns();
    await server.listen();
    if (slack) slack.begin((await catalog.requests.list()).slice(0, REDRAWN));
    const slackDoor = await slack?.openDoor(orchestrator, configFor);
    const unasked = beginSchedules({
      ...{ orchestrator, catalog, chat, log, onBug: stop.crash, upkeep: () => upkeep },
      isResident: idleMs === undefined,
    });
    lastTickAt = unasked.lastTickAt;
    const sweep = async () => {
      await live.currentOrLast(); // edits count although nobody says a word
      await unasked.look();
      await web?.look();
      await orchestrator.sweep();
    };
    const sweeping = setInterval(() => void sweep().catch(stop.crash), SWEEP_MS);
    const watching = setInterval(() => {
      const since = server.idleSince();
      // Who speaks in Slack or on the page comes through a door that is always open; schedules need somebody who is there.
      if (
        idleMs === undefined ||
        slack ||
        web ||
        upkeep.schedules.length > 0 ||
        since === undefined ||
        !orchestrator.isIdle()
      )
        return;
      if (Date.now() - since.getTime() >= idleMs) stop.end('nothing was asked for a while');
    }, LOOK_IDLE_MS);
    await orchestrator.sweep();
    await unasked.look();
    watched?.opened();
    if (idleMs === undefined) await web?.greet(process.stderr);
    const why = await stop.ended;
    watched?.closing();
    clearInterval(sweeping);
    clearInterval(watching);
    unasked.end();
    await Promise.all([server.close(), slackDoor?.close(), web?.close()]);
    log.info({ why }, 'the server ends');
    return `The server ended: ${why}.`;
  }
}

async function say(
  doors: Omit<ServerContext, 'person'>,
  config: Config,
  caller: Parameters<typeof admit>[0],
  word: string,
  given: unknown,
): Promise<Answer> {
  const command = [...commands, ...serverCommands].find((candidate) => candidate.word === word);
  if (!command) throw new UserError('bad-command', `There is no word "${word}".`, { hint: 'See: cml help' });
  const person = admit(caller, config);
  return command.run({ ...doors, person }, parseInput(command, given));
}

function refuseWithoutPage(): never {
  throw new UserError('nothing-to-do', 'There is no page: cml.yaml has no "web".', {
    hint: 'Add the line "web: {}" to cml.yaml and start the server again.',
  });
}

/** In place, because the door holds on to the object. */
function replaceAll<T>(target: Record<string, T>, source: Readonly<Record<string, T>>): void {
  for (const key of Object.keys(target)) delete target[key];
  Object.assign(target, source);
}
