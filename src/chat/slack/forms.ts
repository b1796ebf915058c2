import type { ModalView } from '@slack/types';
import { type AppError, isAppError } from '../../errors.ts';
import type { Command } from '../command.ts';
import { fieldsOf } from '../command-field.ts';
import { inputProblem } from '../input-problem.ts';
import { confirmView, reasonView, waitingView } from './ask-view.ts';
import { answering } from './carry-out.ts';
import type { Choice, DoorWorld } from './door-world.ts';
import { asMessageText } from './escape.ts';
import { excessOf, formFields, formView, readMemory, type ViewMemory } from './form-view.ts';
import { renderAnswer } from './render-answer.ts';
import type { Asker } from './reply.ts';
import { preformatted } from './rich-text.ts';
import { openWindow, redrawWindow } from './windows.ts';
import { writeLine } from './written-line.ts';

/** Slack takes a form at most three seconds after the click: choices that are not there by then are typed instead. */
const CHOICES_MS = 1_200;

type Given = ViewMemory['given'];

/** True for a word that overwrites or removes something: what it would do is shown, and the workspace's name repeated. */
export function needsConfirming(command: Command, given: Given): boolean {
  const keys = fieldsOf(command).map(({ key }) => key);
  const isFor = keys.includes('confirm') && keys.includes('dryRun');
  return isFor && given.confirm === undefined && given.dryRun !== true;
}

async function choicesOf(world: DoorWorld, asker: Asker, command: Command): Promise<Map<string, readonly Choice[]>> {
  const answered = new AbortController();
  const late = world.clock.sleep(CHOICES_MS, answered.signal).then(
    () => [],
    () => [], // answered in time
  );
  const look = async (key: string): Promise<readonly Choice[]> => {
    try {
      return await Promise.race([world.choices(asker, { word: command.word, key }), late]);
    } catch (err) {
      world.log.warn({ err, key }, 'a form has no choices to offer');
      return [];
    }
  };
  const keys = formFields(command).map(({ key }) => key);
  const found = await Promise.all(keys.map(async (key) => [key, await look(key)] as const));
  answered.abort();
  return new Map(found);
}

async function viewOfForm(
  world: DoorWorld,
  asker: Asker,
  { command, given, problem }: { readonly command: Command; readonly given: Given; readonly problem?: AppError },
): Promise<ModalView> {
  const choices = await choicesOf(world, asker, command);
  return formView({ command, words: formWords(world), given, choices, problem }, asker);
}

/** What a window cannot keep until it is sent is given back, whole, as a line that needs no window. True when it was. */
async function givesBack(world: DoorWorld, asker: Asker, command: Command, given: Given): Promise<boolean> {
  const excess = excessOf(asker, { word: command.word, given });
  if (excess === 0) return false;
  const needed = [
    ...(needsConfirming(command, given) ? ['--confirm=<workspace>'] : []),
    ...(given.reason === undefined ? ['--reason="..."'] : []),
  ];
  const { text, blocks } = renderAnswer({
    text: `This is ${excess} characters more than a window of Slack can keep.`,
    tone: 'bad',
    hint: 'Say it in one line, which needs no window:',
    json: null,
  });
  const line = [writeLine(command, given), ...needed].join(' ');
  await world.replies.toAsker(asker, {
    text: `${text}\n${asMessageText(line, 3_000)}`,
    blocks: [...blocks, preformatted(line)],
  });
  return true;
}

/** Words that have something to fill in. */
function formWords({ words }: DoorWorld): readonly Command[] {
  return words.filter((command) => formFields(command).length > 0 && command.word !== 'help');
}

export async function openForm(world: DoorWorld, asker: Asker, command: Command, given: Given): Promise<void> {
  await world.admit(asker, command.word);
  await openWindow(
    world,
    asker,
    await viewOfForm(world, asker, { command, given }),
    `/cml ${command.word} …, see /cml help ${command.word}`,
  );
}

export async function openReason(world: DoorWorld, asker: Asker, command: Command, given: Given): Promise<void> {
  const { word } = command;
  await world.admit(asker, word);
  if (await givesBack(world, asker, command, given)) return;
  await openWindow(world, asker, reasonView(asker, { word, given }), `${writeLine(command, given)} --reason "..."`);
}

/** Shows what a word would do and asks for the workspace's name. */
export async function openConfirm(world: DoorWorld, asker: Asker, command: Command, given: Given): Promise<void> {
  await world.admit(asker, command.word);
  if (await givesBack(world, asker, command, given)) return;
  const instead = `${writeLine(command, given)} --confirm <workspace> --reason "..."`;
  const id = await openWindow(world, asker, waitingView(command.word), instead);
  if (id !== undefined) await fillConfirm(world, asker, { command, given, viewId: id });
}

interface Confirming {
  readonly command: Command;
  readonly given: Given;
  readonly viewId: string;
  /** It was filled in, and a refusal gives it back. */
  readonly isFilledIn?: boolean;
}

export async function fillConfirm(
  world: DoorWorld,
  asker: Asker,
  { command, given, viewId, isFilledIn = false }: Confirming,
): Promise<void> {
  const { word } = command;
  await answering(world, asker, async () => {
    await redrawWindow(world, asker, { word, viewId }, async () => {
      try {
        const plan = await world.say(asker, word, { ...given, dryRun: true });
        return confirmView(asker, { word, given }, plan);
      } catch (problem) {
        if (!isFilledIn || !isAppError(problem)) throw problem;
        return viewOfForm(world, asker, { command, given, problem });
      }
    });
  });
}

/** The form of another word in the same window; its answer goes where that of the first would have gone. */
export async function changeWord(
  world: DoorWorld,
  asker: Asker,
  modal: { readonly id: string; readonly memory: string },
  command: Command,
): Promise<void> {
  const { channel, responseUrl } = readMemory(modal.memory) ?? {};
  await redrawWindow(world, asker, { word: command.word, viewId: modal.id }, async () => {
    await world.admit(asker, command.word);
    return viewOfForm(world, { ...asker, channel, responseUrl }, { command, given: {} });
  });
}

/** What is wrong with a filled-in form, by block; empty when nothing is. What was filled in stays there. */
export function formProblems(asker: Asker, command: Command, given: Given): Record<string, string> {
  const read = command.input.safeParse(given);
  if (read.success) return needsConfirming(command, given) ? tooMuch(asker, command, given) : {};
  const keys = new Set(formFields(command).map(({ key }) => key));
  const [first = ''] = keys;
  return Object.fromEntries(
    read.error.issues.map((issue) => {
      const key = String(issue.path[0] ?? '');
      const { problem } = inputProblem(command, given, { ...read.error, issues: [issue] });
      return [`field:${keys.has(key) ? key : first}`, problem];
    }),
  );
}

function tooMuch(asker: Asker, command: Command, given: Given): Record<string, string> {
  const excess = excessOf(asker, { word: command.word, given });
  if (excess === 0) return {};
  const lengthOf = (key: string) => JSON.stringify(given[key] ?? '').length;
  const [longest] = formFields(command).toSorted((a, b) => lengthOf(b.key) - lengthOf(a.key));
  const sentence = `This is ${excess} characters more than Slack can keep for the next step: shorten it, or say it in a line.`;
  return { [`field:${longest?.key ?? ''}`]: sentence };
}
