import { execa } from 'execa';
import { PortError } from '../../errors.ts';
import { writeAction } from '../action-line.ts';
import type { Message } from '../chat.ts';

/** What is run for each message: its text on standard input, `CML_TONE` and, for pages, `CML_URGENT=1` around it. */
export interface Notify {
  /** @throws PortError `chat-unavailable` */
  run(message: Message, options: { readonly urgent: boolean }): Promise<void>;
}

const LIMIT_MS = 15_000;
/** Nothing else of ours is handed on: whoever started the server may have had secrets in their environment. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function actionLines({ actions = [] }: Message): string[] {
  return actions.map((action) => writeAction(action));
}

export function createNotify(command: readonly [string, ...string[]], limitMs = LIMIT_MS): Notify {
  const [program, ...args] = command;
  return {
    async run(message, { urgent }) {
      const ended = await execa(program, args, {
        input: `${[message.text, ...(message.details ?? []), ...actionLines(message)].join('\n')}\n`,
        extendEnv: false,
        env: {
          PATH,
          CML_TONE: message.tone,
          CML_WORKSPACE: message.workspace,
          CML_URGENT: urgent ? '1' : '',
        },
        // Its output is not ours to keep, and waiting for it would mean waiting for whatever it leaves running.
        stdout: 'ignore',
        stderr: 'ignore',
        timeout: limitMs,
        killSignal: 'SIGKILL',
        reject: false,
        cleanup: false,
      });
      if (!ended.failed) return;
      const how = ended.timedOut
        ? `did not end within ${limitMs / 1000} seconds`
        : `failed: ${ended.shortMessage ?? ''}`;
      throw new PortError('chat-unavailable', `The notify command "${program}" ${how}`, {
        cause: ended.cause,
        retryable: true,
        hint: 'Try it by hand: it gets the text of the message on standard input.',
      });
    },
  };
}
