import type { Operation } from '../../records/operation.ts';
import type { Request } from '../../records/request.ts';
import type { Message } from '../chat.ts';

/** What everyone is woken with; `request` as it stands once the vote counts. */
export function glassBroken(request: Request, approvers: readonly string[]): Message {
  const others =
    approvers.length === 0 ? 'There are no approvers' : `The approvers (${approvers.join(', ')}) are passed over`;
  return {
    key: `${request.id}:glass`,
    workspace: request.workspace,
    tone: 'bad',
    text: `${request.workspace}: ${describeBrokenGlass(request)} ${request.by.name} asked to ${request.kind} ${request.backupId}. ${others}; it starts as soon as the workspace is free.`,
    details: ['It can be cancelled as long as services are up.'],
    actions: [{ word: 'status', given: { subject: request.id }, label: 'Look at it' }],
  };
}

/** Empty for a request that was decided by the votes of others; for all others it is said in every drawing, for ever. */
export function describeBrokenGlass({ votes }: Request): string {
  const vote = votes.find(({ breakGlass }) => breakGlass);
  return vote ? `GLASS BROKEN by ${vote.by.name}, who approved it alone: "${vote.reason?.trim() ?? ''}".` : '';
}

/** The last message of an operation says it once more. */
export function repeatBrokenGlass(message: Message, { brokeGlass }: Operation): Message {
  if (!brokeGlass) return message;
  const said = `GLASS BROKEN: ${brokeGlass.by} approved it alone: "${brokeGlass.reason.trim()}".`;
  return { ...message, text: `${message.text} ${said}` };
}
