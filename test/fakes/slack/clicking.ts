import { randomUUID } from 'node:crypto';
import { type Deliveries, type DeliverOptions, type Delivery, newDelivery } from './deliveries.ts';
import { type Found, findElement } from './elements.ts';
import { type Entered, optionOf, stateOf } from './entered.ts';
import type { Ephemeral, JsonObject, MessageRef, SlackPerson, SlackView } from './kinds.ts';
import type { Slack } from './methods/method.ts';
import { shownView } from './modals.ts';
import { interaction } from './payloads.ts';
import { shownMessage } from './posting.ts';
import { channelOf, personOf } from './typing.ts';

export interface ClickOptions extends DeliverOptions {
  /** Of a menu: what is chosen, by value or by what stands on it. */
  readonly choose?: string;
  /** What the fields beside it hold at that moment. */
  readonly entered?: Entered;
}

/** What people can do with a mouse. Whatever Slack's own window does not allow throws. */
export interface Clicking {
  /** On a button or menu of a message, a modal or the Home tab: by its `action_id` or what stands on it. */
  click(
    user: string,
    where: MessageRef | Ephemeral | SlackView,
    action: string,
    options?: ClickOptions,
  ): Promise<Delivery>;
  /** A global shortcut. */
  shortcut(user: string, callbackId: string): Promise<Delivery>;
  messageShortcut(user: string, callbackId: string, message: MessageRef): Promise<Delivery>;
}

export function createClicking(slack: Slack, deliveries: Deliveries): Clicking {
  const { world, handed } = slack;
  const start = (user: string, type: string) => {
    const person = personOf(world, user);
    return { person, base: interaction(type, person, handed.trigger(person.id)) };
  };
  const send = (payload: JsonObject, options?: DeliverOptions) =>
    deliveries.send(newDelivery('interactive', payload), options);
  return {
    click: async (user, where, action, options = {}) => {
      const { person, base } = start(user, 'block_actions');
      return 'channel' in where
        ? clickMessage(slack, deliveries, person, where, action, base, options)
        : clickView(slack, deliveries, person, where, action, base, options);
    },
    shortcut: async (user, callbackId) => {
      const { base } = start(user, 'shortcut');
      return send({ ...base, callback_id: callbackId, action_ts: world.nextTs() });
    },
    messageShortcut: async (user, callbackId, { channel, ts }) => {
      const { person, base } = start(user, 'message_action');
      const kept = world.findMessage(channel, ts);
      if (!kept) throw new Error('the message is gone');
      const deliveryId = randomUUID();
      const place = { channel, user: person.id, source: { channel, ts }, delivery: deliveryId };
      const { id, name } = channelOf(world, channel);
      const about = {
        callback_id: callbackId,
        action_ts: world.nextTs(),
        message_ts: ts,
        channel: { id, name },
        message: shownMessage(kept.message),
        response_url: handed.responseUrl(place),
      };
      return deliveries.send(newDelivery('interactive', { ...base, ...about }, deliveryId));
    },
  };
}

function clickMessage(
  { world, handed }: Slack,
  deliveries: Deliveries,
  person: SlackPerson,
  where: MessageRef | Ephemeral,
  action: string,
  base: JsonObject,
  options: ClickOptions,
): Promise<Delivery> {
  const channel = channelOf(world, where.channel);
  if (!channel.members.has(person.id)) throw new Error(`${person.name} does not see ${channel.name}`);
  const ephemeral = world.ephemerals.find(({ channel: at, ts }) => at === channel.id && ts === where.ts);
  if (ephemeral && ephemeral.user !== person.id)
    throw new Error(`${person.name} does not see what ${ephemeral.user} sees`);
  const message = world.findMessage(channel.id, where.ts)?.message;
  const seen = where.blocks ?? ephemeral?.blocks ?? message?.blocks ?? [];
  const found = findElement(seen, action);
  const id = randomUUID();
  const source = { channel: channel.id, ts: where.ts };
  const thread = message?.thread_ts ?? ephemeral?.thread_ts;
  const place = { channel: channel.id, user: person.id, source, delivery: id, ...(thread ? { thread } : {}) };
  const payload = {
    ...base,
    container: {
      type: 'message',
      message_ts: where.ts,
      channel_id: channel.id,
      is_ephemeral: ephemeral !== undefined,
      ...(thread ? { thread_ts: thread } : {}),
    },
    channel: { id: channel.id, name: channel.name },
    ...(message ? { message: shownMessage(message) } : {}),
    state: stateOf(seen, options.entered),
    response_url: handed.responseUrl(place),
    actions: [pressed(found, world.nextTs(), options)],
  };
  return deliveries.send(newDelivery('interactive', payload, id), options);
}

function clickView(
  { world }: Slack,
  deliveries: Deliveries,
  person: SlackPerson,
  where: SlackView,
  action: string,
  base: JsonObject,
  options: ClickOptions,
): Promise<Delivery> {
  if (where.user !== person.id) throw new Error(`${person.name} does not see what ${where.user} sees`);
  const blocks = where.view.blocks as readonly JsonObject[];
  const found = findElement(blocks, action);
  const payload = {
    ...base,
    container: { type: 'view', view_id: where.id },
    view: { ...shownView(where), state: stateOf(blocks, options.entered) },
    actions: [pressed(found, world.nextTs(), options)],
  };
  return deliveries.send(newDelivery('interactive', payload), options);
}

function pressed({ blockId, element }: Found, actionTs: string, { choose }: ClickOptions): JsonObject {
  const { type, action_id: id, text, value, style } = element;
  const about = { type: type ?? null, action_id: id ?? null, block_id: blockId, action_ts: actionTs };
  if (type === 'button' || type === 'icon_button') {
    return { ...about, text: text ?? null, ...(value ? { value } : {}), ...(style ? { style } : {}) };
  }
  if (choose === undefined) throw new Error(`say what to choose of ${id}`);
  if (type === 'users_select') return { ...about, selected_user: choose };
  return { ...about, selected_option: optionOf(element, choose) };
}
