import { randomUUID } from 'node:crypto';
import { type Deliveries, type DeliverOptions, type Delivery, newDelivery } from './deliveries.ts';
import type { ResponsePlace } from './handed.ts';
import type { SlackChannel, SlackPerson } from './kinds.ts';
import type { Slack } from './methods/method.ts';
import { slashCommand } from './payloads.ts';
import { SlackRefused } from './refused.ts';
import { readableAck, respond } from './responses.ts';
import type { World } from './world.ts';

/** What people of the workspace can do by typing. */
export interface Typing {
  /** A slash command; settles once the app has acknowledged or failed to. */
  type(user: string, channel: string, line: string, options?: DeliverOptions): Promise<Delivery>;
}

export function createTyping(slack: Slack, deliveries: Deliveries): Typing {
  const { world } = slack;
  return {
    type: async (user, channelGiven, line, options) => {
      const person = personOf(world, user);
      const channel = channelOf(world, channelGiven);
      if (!channel.members.has(person.id)) throw new Error(`${person.name} is not in ${channel.name}`);
      const [, command = '', text = ''] = /^(\/\S+)\s*([\s\S]*)$/.exec(line) ?? [];
      if (!command) throw new Error(`a slash command begins with a slash: ${line}`);
      // The address is found again by the delivery it came with.
      const id = randomUUID();
      const place = { channel: channel.id, user: person.id, delivery: id };
      const payload = slashCommand({
        person,
        channel,
        command,
        text: escapeTyped(world, text.trimEnd()),
        triggerId: slack.handed.trigger(person.id),
        responseUrl: slack.handed.responseUrl(place),
      });
      const delivery = newDelivery('slash_commands', payload, id);
      await deliveries.send(delivery, options);
      showAck(delivery, place, slack);
      return delivery;
    },
  };
}

function showAck(delivery: Delivery, place: ResponsePlace, slack: Slack): void {
  const said = readableAck(delivery.ack);
  if (!said) return;
  try {
    respond(said, place, slack);
    delivery.responses.push(said);
  } catch (error) {
    if (!(error instanceof SlackRefused)) throw error;
    delivery.error = error.word;
  }
}

/** As with `should_escape` on: the three characters, people and channels by id. */
export function escapeTyped(world: World, text: string): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const people = escaped.replace(/(^|\s)@([\w.-]+)/g, (whole, before, name) => {
    const person = [...world.people.values()].find((one) => one.name === name);
    return person ? `${before}<@${person.id}>` : whole;
  });
  return people.replace(/(^|\s)#([\w-]+)/g, (whole, before, name) => {
    const channel = [...world.channels.values()].find((one) => one.name === name && one.kind !== 'im');
    return channel ? `${before}<#${channel.id}|${channel.kind === 'private' ? '' : name}>` : whole;
  });
}

export function personOf(world: World, id: string): SlackPerson {
  const person = world.people.get(id);
  if (!person) throw new Error(`nobody has the id ${id}`);
  if (person.deleted) throw new Error(`${person.name} is deactivated and can do nothing`);
  return person;
}

export function channelOf(world: World, given: string): SlackChannel {
  const name = given.replace(/^#/, '');
  const found = world.channels.get(given) ?? [...world.channels.values()].find((one) => one.name === name);
  if (!found) throw new Error(`no channel ${given}`);
  return found;
}
