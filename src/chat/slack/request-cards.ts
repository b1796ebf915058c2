import { doAll } from '../../do-all.ts';
import type { Request } from '../../records/request.ts';
import type { Message } from '../chat.ts';
import { drawMessage } from './draw.ts';
import type { Outbox } from './outbox.ts';
import { channelOf, type SlackSettings } from './settings.ts';

export interface RequestCardsOptions {
  readonly settings: () => SlackSettings;
  readonly outbox: Outbox;
  readonly accountOf: (person: string) => string | undefined;
}

const WEB_ONLY = 'Nothing is approved in Slack here: decide on the catalog page or in the terminal.';

/** One message for each request, where approvers are; redrawn from the record whoever decided it, and wherever. */
export function createRequestCards({ settings, outbox, accountOf }: RequestCardsOptions) {
  /** A reply, since an edit notifies nobody. */
  async function tellRequester(request: Request, to: string, message: Message): Promise<void> {
    const account = accountOf(request.by.name);
    if (account === undefined) return;
    const { details: _, ...said } = message;
    const picture = drawMessage(said, { mentions: [account] });
    // That it runs now takes the place of that it was approved.
    const key = `${request.id}:${request.status === 'used' ? 'approved' : request.status}`;
    await outbox.say({ key, to, under: request.id, picture });
  }

  return {
    async show(request: Request, message: Message): Promise<void> {
      const { approvals, ...where } = settings();
      const to = approvals.channel ?? channelOf(where, message.workspace);
      const { actions: _, ...plain } = message;
      if (request.status !== 'pending') {
        return doAll([
          () => outbox.say({ key: request.id, to, picture: drawMessage(plain) }),
          () => tellRequester(request, to, plain),
        ]);
      }
      const byWeb = { ...plain, details: [...(plain.details ?? []), WEB_ONLY] };
      const mentions = approvals.mention ? [approvals.mention] : [];
      const picture = drawMessage(approvals.by === 'buttons' ? message : byWeb, { mentions });
      await outbox.say({ key: request.id, to, picture });
    },
  };
}
