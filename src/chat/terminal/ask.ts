import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { UserError } from '../../errors.ts';

/** Questions to the person at a terminal. Without one, each is refused with the option that answers it instead. */
export interface Ask {
  /** Has the name written out. @throws UserError `not-confirmed` */
  confirmName(question: { readonly why: string; readonly name: string; readonly instead: string }): Promise<void>;
  /** @throws UserError `not-confirmed` without a terminal */
  yesOrNo(question: { readonly text: string; readonly instead: string }): Promise<boolean>;
  /** Reads a line without showing it. @throws UserError `not-confirmed` */
  secret(question: { readonly text: string; readonly instead: string }): Promise<string>;
}

export interface AskOptions {
  readonly input: NodeJS.ReadStream;
  /** Not the stream of the answer. */
  readonly output: NodeJS.WriteStream;
}

function withoutTerminal(what: string, instead: string): UserError {
  return new UserError('not-confirmed', `There is no terminal to ask ${what} on.`, { hint: `Use ${instead} instead.` });
}

function readLine({ input, output }: AskOptions, question: string, silent: boolean): Promise<string> {
  let muted = false;
  const echo = new Writable({
    write(chunk, _encoding, done) {
      if (!muted) output.write(chunk);
      done();
    },
  });
  const lines = createInterface({ input, output: echo, terminal: true, historySize: 0 });
  return new Promise<string>((resolve, reject) => {
    let answered = false;
    lines.once('close', () => {
      // readline shows the end of a line itself, unless it was silenced or the line never ended.
      if (silent || !answered) output.write('\n');
      if (!answered) reject(new UserError('not-confirmed', 'Nothing was answered, so nothing was done.'));
    });
    lines.question(question, (text) => {
      answered = true;
      lines.close();
      resolve(text.trim());
    });
    muted = silent;
  });
}

export function createAsk(options: AskOptions): Ask {
  const interactive = options.input.isTTY === true && options.output.isTTY === true;
  return {
    async confirmName({ why, name, instead }) {
      if (!interactive) throw withoutTerminal(`for "${name}"`, instead);
      const written = await readLine(options, `${why}\nType the name of the workspace to go on: `, false);
      if (written === name) return;
      throw new UserError('not-confirmed', `"${written}" is not "${name}", so nothing was done.`);
    },
    async yesOrNo({ text, instead }) {
      if (!interactive) throw withoutTerminal('for a yes or no', instead);
      return /^y(es)?$/i.test(await readLine(options, `${text} [y/N] `, false));
    },
    async secret({ text, instead }) {
      if (!interactive) throw withoutTerminal('for a token', instead);
      const written = await readLine(options, `${text}: `, true);
      if (written !== '') return written;
      throw new UserError('not-confirmed', 'No token was given, so nothing was done.');
    },
  };
}
