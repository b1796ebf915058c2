import { isObject } from './args.ts';
import { type Deliveries, type DeliverOptions, type Delivery, newDelivery } from './deliveries.ts';
import { findElement } from './elements.ts';
import { complaint, type Entered, stateOf } from './entered.ts';
import type { JsonObject, SlackPerson, SlackView } from './kinds.ts';
import type { Slack } from './methods/method.ts';
import { modalsOf, openModal, shownView, updateView } from './modals.ts';
import { interaction } from './payloads.ts';
import { SlackRefused } from './refused.ts';
import { personOf } from './typing.ts';

/** What people can do with the windows (modals) they have open. */
export interface Windows {
  /** The topmost window of a person is sent, filled in. */
  submit(user: string, entered?: Entered, options?: DeliverOptions): Promise<Delivery>;
  /** The topmost window is closed with its cross; told to the app only when it asked to be told. */
  closeModal(user: string): Promise<Delivery | undefined>;
  /** What an external menu offers for what was typed into it. */
  suggest(user: string, action: string, typed: string): Promise<Delivery>;
}

export function createWindows(slack: Slack, deliveries: Deliveries): Windows {
  const { world, handed } = slack;
  const start = (user: string, type: string) => {
    const person = personOf(world, user);
    return { person, base: interaction(type, person, handed.trigger(person.id)) };
  };
  const send = (payload: JsonObject, options?: DeliverOptions) =>
    deliveries.send(newDelivery('interactive', payload), options);
  return {
    submit: async (user, entered, options) => {
      const { person, base } = start(user, 'view_submission');
      const modal = topOf(slack, person);
      const blocks = modal.view.blocks as readonly JsonObject[];
      const state = stateOf(blocks, entered);
      const refusal = complaint(blocks, state);
      if (refusal) throw new Error(`Slack's window does not send it: ${refusal}`);
      const view = { ...shownView(modal), state };
      const delivery = await send({ ...base, view, response_urls: [] }, options);
      follow(slack, modal, delivery);
      return delivery;
    },
    closeModal: async (user) => {
      const { person, base } = start(user, 'view_closed');
      const modal = topOf(slack, person);
      const all = modal.view.clear_on_close === true;
      for (const one of all ? modalsOf(world, person.id) : [modal]) world.views.delete(one.id);
      if (modal.view.notify_on_close !== true) return undefined;
      return send({ ...base, view: shownView(modal), is_cleared: all });
    },
    suggest: async (user, action, typed) => {
      const { person, base } = start(user, 'block_suggestion');
      const modal = topOf(slack, person);
      const { blockId, element } = findElement(modal.view.blocks as readonly JsonObject[], action);
      const asked = { action_id: element.action_id ?? null, block_id: blockId, value: typed };
      const container = { type: 'view', view_id: modal.id };
      return send({ ...base, ...asked, container, view: shownView(modal) });
    },
  };
}

function topOf({ world }: Slack, person: SlackPerson): SlackView {
  const modal = modalsOf(world, person.id).at(-1);
  if (!modal) throw new Error(`${person.name} has no window open`);
  return modal;
}

/** What a window does once the app has answered; without an answer it stays and shows an error. */
function follow({ world }: Slack, modal: SlackView, delivery: Delivery): void {
  const { ack } = delivery;
  if (!ack) return;
  try {
    const { response_action: action, view } = ack;
    if (action === undefined) world.views.delete(modal.id);
    else if (action === 'clear') for (const one of modalsOf(world, modal.user)) world.views.delete(one.id);
    else if (action === 'update') updateView(world, modal, view);
    else if (action === 'push') openModal(world, modal.user, view, true);
    else checkErrors(ack, modal);
  } catch (error) {
    if (!(error instanceof SlackRefused)) throw error;
    delivery.error = error.word;
  }
}

/** Each sentence stands under an input, by its block. */
function checkErrors({ response_action: action, errors }: JsonObject, modal: SlackView): void {
  if (action !== 'errors' || !isObject(errors)) throw new SlackRefused('invalid_response_action');
  const inputs = (modal.view.blocks as readonly JsonObject[]).filter(({ type }) => type === 'input');
  const unknown = Object.keys(errors).find((id) => !inputs.some(({ block_id: known }) => known === id));
  if (unknown !== undefined || Object.keys(errors).length === 0) throw new SlackRefused('invalid_response_errors');
}
