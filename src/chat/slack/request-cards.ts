import type { Request } from '../../records/request.ts';
import type { Message } from '../chat.ts';
import { drawMessage } from './draw.ts';
import type { Letter, Outbox } from './outbox.ts';
import type { SlackSettings } from './settings.ts';
import type { About } from './slots.ts';

export interface RequestCardsOptions {
  readonly settings: () => SlackSettings;
  readonly outbox: Outbox;
  readonly accountOf: (person: string) => string | undefined;
}

/** Where `slack.approvals.by` is `web`. */
export function webOnly({ catalogUrl }: Pick<SlackSettings, 'catalogUrl'>): string {
  const page = catalogUrl === undefined ? 'the catalog page' : `the catalog page (${catalogUrl})`;
  return `Nothing is approved in Slack here: decide on ${page} or in a terminal.`;
}

/** One message for each request, where approvers are; redrawn from the record whoever decided it, and wherever. */
export function createRequestCards({ settings, outbox, accountOf }: RequestCardsOptions) {
  /** A reply, since an edit notifies nobody. */
  function toRequester(request: Request, to: About, message: Message): Letter[] {
    const account = accountOf(request.by.name);
    if (account === undefined) return [];
    const { details: _, ...said } = message;
    const picture = drawMessage(said, { mentions: [account] });
    // That it runs now takes the place of that it was approved.
    const key = `${request.id}:${request.status === 'used' ? 'approved' : request.status}`;
    return [{ key, to, under: request.id, picture }];
  }

  return {
    async show(request: Request, message: Message): Promise<void> {
      const { approvals, catalogUrl } = settings();
      const to = { workspace: message.workspace, isRequest: true };
      const { actions: _, ...plain } = message;
      if (request.status !== 'pending') {
        const redrawn = { key: request.id, to, picture: drawMessage(plain) };
        return outbox.say([redrawn, ...toRequester(request, to, plain)]);
      }
      const byWeb = { ...plain, details: [...(plain.details ?? []), webOnly({ catalogUrl })] };
      const mentions = approvals.mention ? [approvals.mention] : [];
      const picture = drawMessage(approvals.by === 'buttons' ? message : byWeb, { mentions });
      await outbox.say({ key: request.id, to, picture });
    },
  };
}
