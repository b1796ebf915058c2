import type { WebClient } from '@slack/web-api';
import type { Log } from '../../log.ts';
import type { Message } from '../chat.ts';
import { endsWork, workMoved } from '../messages/services-stop.ts';
import { drawMessage } from './draw.ts';
import type { Outbox } from './outbox.ts';
import type { Slots } from './slots.ts';

export interface DirectOptions {
  readonly client: WebClient;
  readonly outbox: Outbox;
  readonly slots: Slots;
  readonly accountOf: (person: string) => string | undefined;
  readonly log: Log;
}

/** One message to each person whose work ends with a stop, and another only when that changes. */
export interface Direct {
  /** Answers how many of those whose work runs there were told. */
  tell(id: string, message: Message): Promise<{ readonly told: number; readonly of: number }>;
  /** What became of it, to those who were told. `key`: once for each change. */
  tellAgain(id: string, key: string, message: Message): Promise<void>;
}

export function createDirect({ client, outbox, slots, accountOf, log }: DirectOptions): Direct {
  /** By what cml.yaml says, else by e-mail. Source: reference/chatops-anchors.md A2: guests and changed addresses miss. */
  async function find(owner: string | undefined): Promise<string | undefined> {
    const known = owner === undefined ? undefined : accountOf(owner);
    if (known !== undefined || !owner?.includes('@')) return known;
    try {
      const { user } = await client.users.lookupByEmail({ email: owner });
      return user?.deleted || user?.is_bot ? undefined : user?.id;
    } catch (err) {
      log.debug({ err }, 'a person could not be found in Slack');
      return undefined;
    }
  }

  async function say(key: string, to: string, message: Message): Promise<boolean> {
    try {
      await outbox.say({ key, to, picture: drawMessage(message) });
      return true;
    } catch (err) {
      log.debug({ err, key }, 'a person is told later');
      return false;
    }
  }

  return {
    async tell(id, message) {
      const { affects = [] } = message;
      const told = await Promise.all(
        affects.map(async ({ owner, what }) => {
          const account = await find(owner);
          return account !== undefined && say(`${id}:work:${account}`, account, endsWork(message, what));
        }),
      );
      return { told: told.filter(Boolean).length, of: affects.length };
    },
    async tellAgain(id, key, message) {
      const first = `${id}:work:`;
      const accounts = slots
        .all()
        .flatMap((slot) => (slot.key.startsWith(first) ? [slot.key.slice(first.length)] : []));
      const all = accounts.map((account) => say(`${id}:${key}:${account}`, account, workMoved(message)));
      await Promise.all(all);
    },
  };
}
