import type { Clock } from '../../clock.ts';
import { UserError } from '../../errors.ts';
import type { OperationView } from '../../records/operation.ts';
import type { Request } from '../../records/request.ts';
import type { Answer } from '../answer.ts';
import { describeRequest } from '../messages/request.ts';
import { attach, type KeyWords } from './attach.ts';
import type { TerminalClient } from './client.ts';
import { createLive } from './live.ts';
import { endWords, type TimeOfDay } from './live-words.ts';
import type { SaidLine } from './protocol.ts';
import { renderAnswer, renderJson, renderSaid } from './render.ts';
import { saveFile } from './save-file.ts';

export interface Conversation {
  readonly client: TerminalClient;
  readonly input: NodeJS.ReadStream;
  /** The answer, and nothing else. */
  readonly output: NodeJS.WriteStream;
  /** Everything that is not the answer. */
  readonly aside: NodeJS.WriteStream;
  readonly colour: { readonly output: boolean; readonly aside: boolean };
  readonly json: boolean;
  /** Stay until what was begun has ended, and what was asked was decided and carried out. */
  readonly stay: boolean;
  readonly keyWords: KeyWords;
  /** What is asked once an operation has ended, so that the answer is the server's; absent: its last view is the answer. */
  readonly afterwards?: (view: OperationView) => SaidLine;
  readonly clock: Clock;
  readonly timeOfDay: TimeOfDay;
  /** Of the person at the terminal. */
  readonly timeZone?: string | undefined;
  /** Aborted by a signal to the process: we leave, what runs goes on. */
  readonly signal: AbortSignal;
}

type ExitCode = 0 | 1 | 3;

function print(conversation: Conversation, answer: Answer): void {
  const { json, output, colour, timeZone } = conversation;
  const reading = { colour: colour.output, timeZone, columns: output.columns };
  output.write(json ? renderJson(answer.json) : renderAnswer(answer, reading));
}

function printAside({ aside, colour, timeZone }: Conversation, answer: Pick<Answer, 'text' | 'tone'>): void {
  const { text, tone } = answer;
  aside.write(`${renderSaid(text, tone, { colour: colour.aside, timeZone, columns: aside.columns })}\n`);
}

function answerOf(view: OperationView): Answer {
  const tone = view.status === 'succeeded' ? 'good' : view.status === 'failed' ? 'bad' : 'warning';
  const hint = view.error?.hint;
  return {
    text: endWords(view),
    tone,
    json: JSON.parse(JSON.stringify(view)),
    ...(hint === undefined ? {} : { hint }),
  };
}

async function followOperation(conversation: Conversation, operationId: string, begun: Answer): Promise<ExitCode> {
  const {
    client,
    aside,
    colour,
    clock,
    timeOfDay,
    timeZone,
    input,
    keyWords: words,
    signal,
    afterwards,
  } = conversation;
  const live = createLive({ stream: aside, colour: colour.aside, clock, timeOfDay, timeZone });
  const { view, left } = await attach(operationId, { client, live, input, words, signal });
  if (left || !view) {
    const text = `${operationId} goes on without you. Come back with: cml status ${operationId} --follow`;
    printAside(conversation, { text, tone: 'info' });
    if (conversation.json) print(conversation, begun);
    return 0;
  }
  const ended = answerOf(view);
  if (afterwards) {
    printAside(conversation, ended);
    print(conversation, await client.say(afterwards(view)));
  } else print(conversation, ended);
  return view.status === 'succeeded' ? 0 : 1;
}

/** Stays with a request; answers it as it stands when it runs, was refused, or we were told to leave. */
async function waitForRequest(conversation: Conversation, requestId: string): Promise<Request | undefined> {
  const { client, signal } = conversation;
  let standing: Request | undefined;
  try {
    for await (const event of client.followRequest(requestId, signal)) {
      if (event.type !== 'request' || event.request.status === standing?.status) continue;
      standing = event.request;
      const { text, tone } = describeRequest(standing);
      printAside(conversation, { text, tone });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    return undefined;
  }
  return standing;
}

async function waitAndFollow(conversation: Conversation, requestId: string, asked: Answer): Promise<ExitCode> {
  const request = await waitForRequest(conversation, requestId);
  if (!request) {
    const text = `${requestId} still waits for a decision. Look at it with: cml status ${requestId}`;
    printAside(conversation, { text, tone: 'info' });
    print(conversation, asked);
    return 0;
  }
  if (request.operationId !== undefined) return followOperation(conversation, request.operationId, asked);
  const codes = { expired: 'request-expired', denied: 'not-allowed' } as const;
  const code = request.status === 'expired' || request.status === 'denied' ? codes[request.status] : 'not-pending';
  throw new UserError(code, describeRequest(request).text, { hint: 'Nothing was changed.' });
}

/**
 * Says one line and stays as long as was asked. Answers the exit code of the process.
 * @throws AppError whatever was refused; nothing has then been written to `output`.
 */
export async function converse(conversation: Conversation, line: SaidLine): Promise<ExitCode> {
  const answer = await conversation.client.say(line);
  if (answer.follow !== undefined && conversation.stay) {
    printAside(conversation, answer);
    return followOperation(conversation, answer.follow, answer);
  }
  if (answer.waitFor !== undefined && conversation.stay) {
    printAside(conversation, answer);
    return waitAndFollow(conversation, answer.waitFor, answer);
  }
  if (answer.download !== undefined) {
    print(conversation, await saveFile(conversation, line, answer.download));
    return 0;
  }
  print(conversation, answer);
  return answer.failed ? 1 : 0;
}
