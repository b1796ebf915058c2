import type { WebClient } from '@slack/web-api';
import type { Log } from '../../log.ts';
import type { Message } from '../chat.ts';
import { endsWork, workMoved } from '../messages/services-stop.ts';
import { drawMessage } from './draw.ts';
import type { Letter, Outbox } from './outbox.ts';
import { troubleOf } from './slack-trouble.ts';
import type { Slots } from './slots.ts';

export interface DirectOptions {
  readonly client: WebClient;
  readonly outbox: Outbox;
  readonly slots: Slots;
  readonly accountOf: (person: string) => string | undefined;
  readonly now: () => Date;
  readonly log: Log;
}

/** One message to each person whose work ends with a stop, and another only when that changes. */
export interface Direct {
  /**
   * Answers how many of those whose work runs there were told; not `isWhole` when Slack did not say who some of them are:
   * then it may be said again, and those who know hear nothing new.
   */
  tell(
    id: string,
    message: Message,
  ): Promise<{ readonly told: number; readonly of: number; readonly isWhole: boolean }>;
  /** What became of it, to those who were told. `key`: once for each change. */
  letters(id: string, key: string, message: Message): Letter[];
  /** This account is not what it was. */
  forget(account: string): void;
}

/** How long it is believed who has an e-mail address, or that nobody has. */
const KNOWN_MS = 3_600_000;

type Found = { readonly account: string | undefined } | 'not known';

export function createDirect({ client, outbox, slots, accountOf, now, log }: DirectOptions): Direct {
  const byEmail = new Map<string, { readonly account: string | undefined; readonly at: number }>();

  /** By what cml.yaml says, else by e-mail. Source: reference/chatops-anchors.md A2: guests and changed addresses miss. */
  async function find(owner: string | undefined): Promise<Found> {
    const account = owner === undefined ? undefined : accountOf(owner);
    if (account !== undefined || !owner?.includes('@')) return { account };
    const known = byEmail.get(owner);
    if (known && now().getTime() - known.at < KNOWN_MS) return known;
    const found = await lookUp(owner);
    if (found !== 'not known') byEmail.set(owner, { ...found, at: now().getTime() });
    return found;
  }

  async function lookUp(email: string): Promise<Found> {
    try {
      const { user } = await client.users.lookupByEmail({ email });
      return { account: user?.deleted || user?.is_bot ? undefined : user?.id };
    } catch (err) {
      log.debug({ err }, 'a person could not be looked up in Slack');
      const trouble = troubleOf(err);
      return trouble.kind === 'refused' && trouble.word === 'users_not_found' ? { account: undefined } : 'not known';
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
    forget(account) {
      for (const [email, known] of byEmail) {
        // Who was nobody may be this account now.
        if (known.account === account || known.account === undefined) byEmail.delete(email);
      }
    },
    async tell(id, message) {
      const { affects = [] } = message;
      const told = await Promise.all(
        affects.map(async ({ owner, what }) => {
          const found = await find(owner);
          if (found === 'not known') return found;
          const { account } = found;
          return account !== undefined && say(`${id}:work:${account}`, account, endsWork(message, what));
        }),
      );
      return {
        told: told.filter((one) => one === true).length,
        of: affects.length,
        isWhole: !told.includes('not known'),
      };
    },
    letters(id, key, message) {
      const first = `${id}:work:`;
      const accounts = slots
        .all()
        .flatMap((slot) => (slot.key.startsWith(first) ? [slot.key.slice(first.length)] : []));
      const picture = drawMessage(workMoved(message));
      return accounts.map((account) => ({ key: `${id}:${key}:${account}`, to: account, picture }));
    },
  };
}
