import type { MessageRef } from './kinds.ts';
import { SlackRefused } from './refused.ts';
import type { World } from './world.ts';

const TRIGGER_MS = 3000;
const RESPONSE_URL_MS = 30 * 60_000;
const RESPONSE_URL_USES = 5;

/** What a payload hands to the app for a short while: triggers, and addresses to answer at. */
export interface Handed {
  trigger(user: string): string;
  /** The user whose doing it was. Refuses what is unknown, late or used. */
  useTrigger(id: string): string;
  responseUrl(place: ResponsePlace): string;
  /** Undefined: no such address. Throws `used_url` and `expired_url`. */
  useResponseUrl(path: string): ResponsePlace | undefined;
}

export interface ResponsePlace {
  readonly channel: string;
  readonly user: string;
  readonly thread?: string;
  /** The message whose button was pressed: what `replace_original` and `delete_original` touch. */
  readonly source?: MessageRef;
  /** The delivery it was handed out with. */
  readonly delivery: string;
}

export function createHanded(world: World, baseUrl: () => string): Handed {
  const triggers = new Map<string, { readonly user: string; readonly at: number; used: boolean }>();
  const urls = new Map<string, { readonly place: ResponsePlace; readonly at: number; uses: number }>();
  return {
    trigger: (user) => {
      const id = `${Math.floor(world.now())}.${world.nextId('')}.${world.nextId('t').toLowerCase()}`;
      triggers.set(id, { user, at: world.now(), used: false });
      return id;
    },
    useTrigger: (id) => {
      const trigger = triggers.get(id);
      if (!trigger) throw new SlackRefused('invalid_trigger_id');
      if (trigger.used) throw new SlackRefused('exchanged_trigger_id');
      if (world.now() - trigger.at > TRIGGER_MS) throw new SlackRefused('expired_trigger_id');
      trigger.used = true;
      return trigger.user;
    },
    responseUrl: (place) => {
      const path = `/response/${world.nextId('r').toLowerCase()}`;
      urls.set(path, { place, at: world.now(), uses: 0 });
      return `${baseUrl()}${path}`;
    },
    useResponseUrl: (path) => {
      const url = urls.get(path);
      if (!url) return undefined;
      if (world.now() - url.at > RESPONSE_URL_MS) throw new SlackRefused('expired_url');
      if (url.uses >= RESPONSE_URL_USES) throw new SlackRefused('used_url');
      url.uses += 1;
      return url.place;
    },
  };
}
