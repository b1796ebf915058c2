import { type Deliveries, type Delivery, newDelivery } from './deliveries.ts';
import type { JsonObject } from './kinds.ts';
import type { Slack } from './methods/method.ts';
import { shownView } from './modals.ts';
import { event } from './payloads.ts';
import { personOf } from './typing.ts';

/** docs.slack.dev, Events API: at once, then after one and after five minutes. */
const RETRIES_AFTER_MS = [0, 60_000, 300_000];

export interface Happenings {
  /** Somebody looks at the app's Home tab. */
  openHome(user: string): Promise<Delivery>;
  /** Any event of the Events API. */
  happen(content: JsonObject): Promise<Delivery>;
}

export interface EventSource extends Happenings {
  /** Sends again what is due by Slack's clock. */
  retryDue(): Promise<void>;
}

export function createEvents(slack: Slack, deliveries: Deliveries): EventSource {
  const { world } = slack;
  const missed: { readonly delivery: Delivery; tries: number; dueAt: number }[] = [];
  const retryDue = async () => {
    for (const one of [...missed]) {
      if (one.dueAt > world.now()) continue;
      one.tries += 1;
      const again = await deliveries.again(one.delivery, { retry: { number: one.tries, reason: 'http_timeout' } });
      const waitMs = RETRIES_AFTER_MS[one.tries];
      if (again.ack || waitMs === undefined) missed.splice(missed.indexOf(one), 1);
      else one.dueAt = world.now() + waitMs;
    }
  };
  const happen = async (content: JsonObject) => {
    const payload = event(world.nextId('Ev'), world.now(), { ...content, event_ts: world.nextTs() });
    const delivery = await deliveries.send(newDelivery('events_api', payload));
    if (delivery.ack) return delivery;
    missed.push({ delivery, tries: 0, dueAt: world.now() });
    await retryDue();
    return delivery;
  };
  return {
    happen,
    retryDue,
    openHome: async (user) => {
      const person = personOf(world, user);
      const home = world.homes.get(person.id);
      return happen({
        type: 'app_home_opened',
        user: person.id,
        channel: world.directChannel(person.id).id,
        tab: 'home',
        ...(home ? { view: shownView(home) } : {}),
      });
    },
  };
}
