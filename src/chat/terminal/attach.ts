import { isAppError } from '../../errors.ts';
import type { OperationView } from '../../records/operation.ts';
import type { TerminalClient } from './client.ts';
import { type KeyName, listenToKeys } from './keys.ts';
import type { Live } from './live.ts';
import type { SaidLine } from './protocol.ts';

/** The words behind the keys. */
export interface KeyWords {
  postpone(view: OperationView): SaidLine;
  cancel(view: OperationView): SaidLine;
}

export interface AttachOptions {
  readonly client: TerminalClient;
  readonly live: Live;
  readonly input: NodeJS.ReadStream;
  readonly words: KeyWords;
  /** Aborted to leave without ending anything: a signal to the process. */
  readonly signal: AbortSignal;
}

const KEYS = 'p: postpone by 30 minutes   c: cancel   Ctrl-C: leave, it goes on';
const KEYS_WITHOUT_STOP = 'c: cancel   Ctrl-C: leave, it goes on';
const CONFIRM = 'Really cancel? y: yes   any other key: no';

/** What the keys do, one press after the other; a word that is refused is shown and changes nothing else. */
function createKeys(options: AttachOptions, leave: () => void) {
  const { client, live, words } = options;
  let view: OperationView | undefined;
  let confirming = false;
  const offer = () => {
    live.offer(confirming ? CONFIRM : view?.stopsAt === undefined ? KEYS_WITHOUT_STOP : KEYS);
  };
  const say = async (line: SaidLine) => {
    try {
      const answer = await client.say(line);
      live.say(answer.text, answer.tone);
    } catch (error) {
      if (!isAppError(error)) throw error;
      live.say([error.message, error.hint].filter((text) => text !== undefined).join(' '), 'bad');
    }
  };
  return {
    shown(next: OperationView) {
      view = next;
      offer();
    },
    async press(key: KeyName) {
      if (key === 'interrupt') return leave();
      if (!view) return;
      const confirmed = confirming && key === 'y';
      const asked = !confirming && key === 'c';
      confirming = asked;
      offer();
      if (confirmed) await say(words.cancel(view));
      else if (!asked && key === 'p' && view.stopsAt !== undefined) await say(words.postpone(view));
    },
  };
}

/**
 * Follows an operation on the screen until it ends or the person leaves. Answers its last view; `left` when it goes on
 * without us.
 */
export async function attach(
  operationId: string,
  options: AttachOptions,
): Promise<{ readonly view: OperationView | undefined; readonly left: boolean }> {
  const { client, live } = options;
  const leaving = new AbortController();
  const signal = AbortSignal.any([options.signal, leaving.signal]);
  const keys = createKeys(options, () => leaving.abort());
  let view: OperationView | undefined;
  let failed: unknown;
  const stopListening = listenToKeys(options.input, (key) => {
    keys.press(key).catch((error: unknown) => {
      failed = error;
      leaving.abort();
    });
  });
  try {
    for await (const event of client.follow(operationId, signal)) {
      if (event.type === 'message') live.say(event.message.text, event.message.tone);
      if (event.type !== 'view') continue;
      view = event.view;
      live.show(view);
      if (options.input.isTTY) keys.shown(view);
    }
    return { view, left: false };
  } catch (error) {
    if (failed !== undefined) throw failed;
    if (signal.aborted) return { view, left: true };
    throw error;
  } finally {
    stopListening();
    live.end();
  }
}
