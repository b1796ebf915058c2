import { isAppError } from '../../errors.ts';
import type { Answer } from '../answer.ts';
import { parseInput } from '../command.ts';
import type { DoorWorld } from './door-world.ts';
import { asMessageText } from './escape.ts';
import { helpWord } from './help-word.ts';
import { type Rendered, renderAnswer, renderRefusal } from './render-answer.ts';
import type { Asker } from './reply.ts';
import { preformatted } from './rich-text.ts';
import { sendFile } from './send-file.ts';
import { isFailedCall } from './slack-trouble.ts';

/** People who wait longer than this are told that it is being looked at. */
const PATIENCE_MS = 4_000;
/** Of what was typed, beside the refusal in the text of one message. */
const LONGEST_LINE = 3_000;

/**
 * Does what a person asked and answers them, whatever happens: a refusal is said kindly, and only what nobody expected is
 * told to whoever ends the process. Never rejects.
 */
export async function answering(
  world: DoorWorld,
  asker: Asker,
  work: () => Promise<void>,
  line?: string,
): Promise<void> {
  const { replies, log, onBug } = world;
  try {
    await work();
  } catch (error) {
    if (isAppError(error)) return await replies.toAsker(asker, withLine(renderRefusal(error), line));
    // Slack alone did not do its part: whoever asked sees that nothing came, and nothing here is in doubt.
    if (isFailedCall(error)) return log.warn({ err: error }, 'something could not be shown in Slack');
    log.error({ err: error }, 'a word said in Slack failed in a way that nobody expected');
    await replies.toAsker(asker, bugAnswer(error));
    onBug(error);
  }
}

function bugAnswer(error: unknown): Rendered {
  const said = error instanceof Error ? error.message : String(error);
  const text = `Something went wrong that should not have: ${said}`;
  return renderAnswer({ text, tone: 'bad', hint: 'The log of the server tells more.', json: null });
}

/** What was typed into a window that is gone, to be sent again when it is possible. */
function withLine({ text, blocks }: Rendered, line: string | undefined): Rendered {
  if (line === undefined) return { text, blocks };
  return { text: `${text}\n${asMessageText(line, LONGEST_LINE)}`, blocks: [...blocks, preformatted(line)] };
}

interface Word {
  readonly word: string;
  readonly given: unknown;
  /** The same as a line, given back with a refusal. */
  readonly line?: string;
}

/** Says a word for somebody and shows them the answer. */
export async function carryOut(world: DoorWorld, asker: Asker, { word, given, line }: Word): Promise<void> {
  const work = async () => {
    if (word === helpWord.word) return explain(world, asker, given);
    const answer = await patiently(world, asker, world.say(asker, word, given));
    const rendered = renderAnswer(answer);
    if (isForOthers(world, asker, answer)) await world.replies.toChannel(asker, rendered);
    else await world.replies.toAsker(asker, rendered);
    if (rendered.whole !== undefined) await giveWhole(world, asker, word, rendered.whole);
  };
  await answering(world, asker, work, line);
}

/** What no message holds goes to who asked, as a file. */
async function giveWhole({ client, replies, log }: DoorWorld, asker: Asker, word: string, text: string): Promise<void> {
  const say = (said: string, tone: Answer['tone']) =>
    replies.toAsker(asker, renderAnswer({ text: said, tone, json: null }));
  try {
    await sendFile(client, asker.user, { filename: `cml-${word}.txt`, title: `/cml ${word}`, text });
    await say('All of it is in a file among your direct messages with the app.', 'info');
  } catch (err) {
    log.warn({ err, user: asker.user }, 'a long answer could not be given as a file in Slack');
    await say(
      'Not all of it fits here, and Slack did not take it as a file. Ask for less, or in a terminal.',
      'warning',
    );
  }
}

async function explain({ words, replies }: DoorWorld, asker: Asker, given: unknown): Promise<void> {
  const { text } = await helpWord.run(words, parseInput(helpWord, given));
  await replies.toAsker(asker, { text: asMessageText(text), blocks: [preformatted(text)] });
}

async function patiently(world: DoorWorld, asker: Asker, answer: Promise<Answer>): Promise<Answer> {
  const answered = new AbortController();
  const waiting = world.clock.sleep(PATIENCE_MS, answered.signal).then(
    () => world.replies.toAsker(asker, renderAnswer({ text: 'It is being looked at …', tone: 'info', json: null })),
    () => undefined, // answered in time
  );
  try {
    return await answer;
  } finally {
    answered.abort();
    await waiting;
  }
}

/**
 * That something has begun concerns everybody where it was asked; where messages of workspaces are shown anyway it would be
 * said twice.
 */
function isForOthers({ settings }: DoorWorld, { channel }: Asker, answer: Answer): boolean {
  if (answer.follow === undefined || channel === undefined || channel.startsWith('D')) return false;
  const told = settings();
  return ![told.channel, ...Object.values(told.channels)].includes(channel);
}
