import type { WebClient } from '@slack/web-api';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { OperationView } from '../../records/operation.ts';
import type { Request } from '../../records/request.ts';
import type { Chat, Message } from '../chat.ts';
import { askedBy, milestonesOf, operationRuns } from '../messages/operation-runs.ts';
import { createBudget } from './budget.ts';
import { drawMessage, drawPlan, type Mention, plainer } from './draw.ts';
import { createLive } from './live.ts';
import { createOutbox, type Letter, type Outbox } from './outbox.ts';
import { channelOf, type SlackSettings } from './settings.ts';
import { createSlots } from './slots.ts';

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
  /** What is wrong with Slack just now. */
  readonly problem?: () => string | undefined;
}

export interface SlackChat extends Chat {
  /** Says what an earlier life left unsaid. */
  begin(): void;
  /** Says what can be said now, then stops. */
  end(): Promise<void>;
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
  const outbox = createOutbox({ slots, clock, log, ...clients, plainer });
  const live = createLive(
    outbox,
    createBudget(() => clock.now().getTime()),
    { clock, log },
  );
  const running = new Map<string, Running>();

  const to = ({ workspace }: { workspace: string }) => channelOf(options.settings(), workspace);
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
      quietly(outbox, reply(message, id), log);
    }
  }

  async function sayEnd(message: Message, id: string): Promise<void> {
    live.stop(id);
    const { view } = of(id);
    // Which steps went well tells nobody anything; where it failed does.
    const plan = view && view.status === 'failed' ? { plan: drawPlan(view) } : {};
    const summary = view ? { ...message, details: [askedBy(view), ...(message.details ?? [])] } : message;
    const { onCall } = options.settings();
    const isBad = message.tone === 'bad';
    const mentions = [...accounts(view ? [view.by] : []), ...(isBad && onCall ? [onCall] : [])];
    await outbox.say({ key: id, to: to(message), picture: drawMessage(summary, plan) });
    const { actions: _, details = [], ...said } = message;
    const told = { ...said, ...(isBad ? { details } : {}), key: `${id}:told` };
    if (mentions.length > 0) await outbox.say(reply(told, id, { mentions, isLoud: isBad }));
    running.delete(id);
  }

  async function post(message: Message): Promise<void> {
    const id = message.operationId;
    if (id === undefined) return outbox.say({ key: message.key, to: to(message), picture: drawMessage(message) });
    if (message.key === `${id}:end`) return sayEnd(message, id);
    if (message.key === `${id}:stop`) {
      of(id).stop = { ...of(id).stop, ...message };
      const letter = root(id);
      if (letter) await outbox.say(letter);
      return outbox.say(reply({ ...message, key: `${message.key}:${clock.now().getTime()}` }, id));
    }
    return outbox.say(reply(message, id));
  }

  return {
    get trouble() {
      return options.problem?.();
    },
    async announce(message) {
      const id = message.operationId;
      if (id === undefined) await post(message);
      else {
        of(id).stop = message;
        const letter = root(id);
        if (letter) await outbox.say(letter);
      }
      return { reached: 1 };
    },
    post,
    show(view) {
      of(view.id).view = view;
      if (view.status !== 'running') return; // its end is said, not shown
      live.show(view.id, () => root(view.id) as Letter);
      tellMilestones(view.id);
    },
    async showRequest(request, message) {
      const { approvals } = options.settings();
      const channel = approvals.channel ?? to(message);
      const isPending = request.status === 'pending';
      const mentions = isPending && approvals.mention ? [approvals.mention] : [];
      const { actions: _, ...plain } = message;
      const drawn = approvals.by === 'buttons' ? message : { ...plain, details: [...(plain.details ?? []), WEB_ONLY] };
      await outbox.say({ key: request.id, to: channel, picture: drawMessage(isPending ? drawn : plain, { mentions }) });
      if (!isPending) await tellRequester(request, channel, plain);
    },
    async page(message) {
      const { onCall } = options.settings();
      const id = message.operationId;
      if (id !== undefined && message.key === `${id}:end`) {
        live.stop(id);
        await outbox.say({ key: id, to: to(message), picture: drawMessage(message) });
      }
      const mentions = [onCall ?? 'channel'];
      await outbox.say({ key: `${message.key}:page`, to: to(message), picture: drawMessage(message, { mentions }) });
    },
    begin: () => outbox.begin(),
    async end() {
      live.end();
      // A Slack that is away keeps nobody from ending: what is unsaid is said by the next life.
      const patience = new AbortController();
      const waited = clock.sleep(PATIENCE_MS, patience.signal).catch(() => undefined);
      await Promise.race([outbox.settle(), waited]);
      patience.abort();
      outbox.end();
    },
  };

  async function tellRequester(request: Request, channel: string, message: Message): Promise<void> {
    const mentions = accounts([request.by.name]);
    if (mentions.length === 0) return;
    const { details: _, ...said } = message;
    // That it runs now takes the place of that it was approved.
    const key = `${request.id}:${request.status === 'used' ? 'approved' : request.status}`;
    await outbox.say({ key, to: channel, under: request.id, picture: drawMessage(said, { mentions }) });
  }
}

/** Longest that the process waits at its end for what can still be said. */
export const PATIENCE_MS = 8_000;
const WEB_ONLY = 'Nothing is approved in Slack here: decide on the catalog page or in the terminal.';

function quietly(outbox: Outbox, letter: Letter, log: Log): void {
  outbox.say(letter).catch((err) => log.debug({ err, key: letter.key }, 'a milestone is told later'));
}
