import type { WebClient } from '@slack/web-api';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { OperationView } from '../../records/operation.ts';
import type { Request } from '../../records/request.ts';
import type { Chat, Message } from '../chat.ts';
import { askedBy, milestonesOf, operationRuns } from '../messages/operation-runs.ts';
import { describeRequest } from '../messages/request.ts';
import { createAnnounceStop } from './announce-stop.ts';
import { createBudget } from './budget.ts';
import { createDirect } from './direct.ts';
import { drawMessage, drawPlan, type Mention, plainer } from './draw.ts';
import type { SlackHealth } from './health.ts';
import { createLive } from './live.ts';
import { createOutbox, type Letter } from './outbox.ts';
import { createRequestCards } from './request-cards.ts';
import { digestOf } from './send-slot.ts';
import { channelOf, type SlackSettings } from './settings.ts';
import { type About, createSlots } from './slots.ts';

export interface SlackChatOptions {
  /** Asked for anew each time: an edit of cml.yaml counts from the next message on. */
  readonly settings: () => SlackSettings;
  readonly clients: { readonly notify: WebClient; readonly progress: WebClient };
  /** The Slack account of a person by their name in cml.yaml. */
  readonly accountOf: (person: string) => string | undefined;
  /** Where our messages in Slack are written down. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  /** What is wrong with Slack just now, or with one side of it. */
  readonly problem?: SlackHealth['problem'];
}

export interface SlackChat extends Chat {
  /** Says what an earlier life left unsaid; of these requests also what it did not live to write down. */
  begin(requests?: readonly Request[]): void;
  /** Says what can be said now, then stops. */
  end(): Promise<void>;
  /** This account is not what it was. */
  forget(account: string): void;
}

/** What is known of an operation that runs, to draw its one message from. */
interface Running {
  view?: OperationView | undefined;
  /** What was last said of the stop. */
  stop?: Message | undefined;
  /** Milestones that were told. */
  readonly told: Set<string>;
}

/**
 * One message for each operation, redrawn while it runs and made its summary at the end; milestones in its thread. One for
 * each request. Everything that has to be said goes through the outbox: once, and also after an hour without Slack.
 */
export function createSlackChat(options: SlackChatOptions): SlackChat {
  const { clock, log, clients, accountOf } = options;
  const slots = createSlots({ path: options.path, now: clock.now, log });
  const budget = createBudget(() => clock.now().getTime());
  const channelFor = ({ workspace, isRequest }: About) => {
    const settings = options.settings();
    return (isRequest && settings.approvals.channel) || channelOf(settings, workspace);
  };
  const outbox = createOutbox({ slots, clock, log, ...clients, plainer, channelFor, onSaid: budget.spendUnasked });
  const direct = createDirect({ client: clients.notify, outbox, slots, accountOf, now: clock.now, log });
  const requests = createRequestCards({ settings: options.settings, outbox, accountOf });
  const live = createLive(outbox, budget, { clock, log });
  const running = new Map<string, Running>();
  /** Their summaries were said: nothing is drawn over those, however late it comes. */
  const over = new Set<string>();
  const ended = new AbortController();

  const announceStop = createAnnounceStop({
    direct,
    clock,
    say: sayStop,
    standing: (id) => (running.get(id)?.view?.downSince === undefined ? running.get(id)?.stop : undefined),
    ended: ended.signal,
    log,
  });
  const later = (key: string) => (err: unknown) => log.debug({ err, key }, 'it is said later');
  const to = ({ workspace }: { workspace: string }): About => ({ workspace, isRequest: false });
  const accounts = (names: readonly string[]): Mention[] => [
    ...new Set(names.flatMap((name) => accountOf(name) ?? [])),
  ];

  function of(id: string): Running {
    const known = running.get(id) ?? { told: new Set<string>() };
    running.set(id, known);
    return known;
  }

  /** The one message of an operation, as it stands now. */
  function root(id: string): Letter | undefined {
    const { view, stop } = of(id);
    if (!view) return stop && { key: id, to: to(stop), picture: drawMessage(stop) };
    const message = operationRuns(view, clock.now());
    const details = view.stopsAt === undefined ? undefined : stop?.details;
    return {
      key: id,
      to: to(view),
      picture: drawMessage(details ? { ...message, details } : message, { plan: drawPlan(view) }),
    };
  }

  const reply = (
    message: Message,
    id: string,
    more: { mentions?: readonly Mention[]; isLoud?: boolean } = {},
  ): Letter => ({
    key: message.key,
    to: to(message),
    under: id,
    picture: drawMessage(message, more),
    ...(more.isLoud ? { isLoud: true } : {}),
  });

  /** Milestones are told when there is time; one that cannot be told now is told later, in its order. */
  function tellMilestones(id: string): void {
    const { view, told } = of(id);
    for (const message of view ? milestonesOf(view) : []) {
      if (told.has(message.key)) continue;
      told.add(message.key);
      outbox.say(reply(message, id)).catch(later(message.key));
    }
  }

  /** The announcement as the one message of its operation. */
  async function sayStop(id: string, stop: Message): Promise<void> {
    if (over.has(id)) return;
    of(id).stop = stop;
    const letter = root(id);
    if (letter) await outbox.say(letter);
  }

  async function sayEnd(message: Message, id: string): Promise<void> {
    over.add(id);
    live.stop(id);
    const { view } = of(id);
    // Which steps went well tells nobody anything; where it failed does.
    const plan = view && view.status === 'failed' ? { plan: drawPlan(view) } : {};
    const { onCall, catalogUrl } = options.settings();
    const isBad = message.tone === 'bad';
    const mentions = [...accounts(view ? [view.by] : []), ...(isBad && onCall ? [onCall] : [])];
    const { actions: _, details = [], ...said } = message;
    const told = { ...said, ...(isBad ? { details } : {}), key: `${id}:told` };
    const isCalledOff = view?.downSince === undefined && view?.downtimeMs === undefined;
    const picture = drawMessage(summaryOf(message, view), { ...plan, catalogUrl });
    const calls = mentions.length > 0 ? [reply(told, id, { mentions, isLoud: isBad })] : [];
    // Nothing ends for anybody: they hear it.
    const beside = isCalledOff ? direct.letters(id, 'off', message) : [];
    await outbox.say([{ key: id, to: to(message), picture }, ...calls], beside);
    running.delete(id); // not before: whoever says it again needs what is known of it
  }

  async function post(message: Message): Promise<void> {
    const id = message.operationId;
    if (id === undefined) return outbox.say({ key: message.key, to: to(message), picture: drawMessage(message) });
    if (message.key === `${id}:end`) return sayEnd(message, id);
    if (message.key === `${id}:stop`) {
      if (over.has(id)) return;
      of(id).stop = { ...of(id).stop, ...message };
      const letter = root(id);
      // By what it says: said again after a crash, it is no other change.
      const change = digestOf(drawMessage(message));
      const told = reply({ ...message, key: `${message.key}:${change}` }, id);
      return outbox.say([...(letter ? [letter] : []), told], direct.letters(id, change, message));
    }
    return outbox.say(reply(message, id));
  }

  return {
    /** Only without a token nothing at all is said; the rest may pass, and is told as trouble. */
    get weakness() {
      return options.problem?.('bot token');
    },
    get trouble() {
      return options.problem?.();
    },
    placeOf: (workspace) => channelOf(options.settings(), workspace),
    async announce(message) {
      const id = message.operationId;
      if (id === undefined) await post(message);
      else {
        return announceStop(id, message);
      }
      return { reached: 1 };
    },
    post,
    show(view) {
      if (over.has(view.id)) return;
      of(view.id).view = view;
      if (view.status !== 'running') return; // its end is said, not shown
      live.show(view.id, () => root(view.id) as Letter);
      tellMilestones(view.id);
    },
    showRequest: (request, message) => requests.show(request, message),
    async page(message) {
      const { onCall } = options.settings();
      const id = message.operationId;
      const isEnd = id !== undefined && message.key === `${id}:end`;
      const view = id === undefined ? undefined : running.get(id)?.view;
      if (isEnd) {
        over.add(id);
        live.stop(id);
      }
      const plan = view ? { plan: drawPlan(view) } : {};
      const summary = isEnd ? [{ key: id, to: to(message), picture: drawMessage(summaryOf(message, view), plan) }] : [];
      const mentions = [onCall ?? 'channel', ...accounts(view ? [view.by] : [])];
      const call = { key: `${message.key}:page`, to: to(message), picture: drawMessage(message, { mentions }) };
      await outbox.say([call, ...summary]);
      if (isEnd) running.delete(id);
    },
    begin(known = []) {
      outbox.begin();
      for (const request of known) {
        if (request.status !== 'pending' && !slots.get(request.id)) continue; // from before there was Slack
        requests.show(request, describeRequest(request)).catch((err) => log.debug({ err }, 'a request is shown later'));
      }
    },
    forget: direct.forget,
    async end() {
      ended.abort();
      live.end();
      // A Slack that is away keeps nobody from ending: what is unsaid is said by the next life.
      const patience = new AbortController();
      const waited = clock.sleep(PATIENCE_MS, patience.signal).catch(() => undefined);
      await Promise.race([outbox.settle(), waited]);
      patience.abort();
      outbox.end();
    },
  };
}

/** With who asked and who approved. */
function summaryOf(message: Message, view: OperationView | undefined): Message {
  return view ? { ...message, details: [...askedBy(view), ...(message.details ?? [])] } : message;
}

/** Longest that the process waits at its end for what can still be said. */
export const PATIENCE_MS = 8_000;
