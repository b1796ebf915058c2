import type { ModalView } from '@slack/types';
import { isAppError } from '../../errors.ts';
import type { Command } from '../command.ts';
import { fieldsOf } from '../command-field.ts';
import { inputProblem } from '../input-problem.ts';
import { confirmView, reasonView, refusalView, waitingView } from './ask-view.ts';
import { answering } from './carry-out.ts';
import type { Choice, DoorWorld } from './door-world.ts';
import { formFields, formView, readMemory, type ViewMemory } from './form-view.ts';
import { renderAnswer } from './render-answer.ts';
import type { Asker } from './reply.ts';

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
      return await Promise.race([world.choices(asker, key), late]);
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

export async function viewOfForm(world: DoorWorld, asker: Asker, command: Command, given: Given): Promise<ModalView> {
  const choices = await choicesOf(world, asker, command);
  return formView({ command, words: formWords(world), given, choices }, asker);
}

/** Words that have something to fill in. */
function formWords({ words }: DoorWorld): readonly Command[] {
  return words.filter((command) => formFields(command).length > 0 && command.word !== 'help');
}

/** Opens a modal; answers its id, or says how to do without where Slack did not take it in time. */
async function open(world: DoorWorld, asker: Asker, view: ModalView, instead: string): Promise<string | undefined> {
  try {
    const opened = await world.client.views.open({ trigger_id: asker.triggerId ?? '', view });
    return opened.view?.id;
  } catch (err) {
    world.log.warn({ err }, 'a form could not be opened');
    const text = 'The form could not be opened in time.';
    await world.replies.toAsker(
      asker,
      renderAnswer({ text, tone: 'warning', hint: `Try again, or say it whole: ${instead}`, json: null }),
    );
    return undefined;
  }
}

async function redraw({ client, log }: DoorWorld, viewId: string, view: ModalView): Promise<void> {
  try {
    await client.views.update({ view_id: viewId, view });
  } catch (err) {
    log.debug({ err }, 'a form was closed before it was ready');
  }
}

export async function openForm(world: DoorWorld, asker: Asker, command: Command, given: Given): Promise<void> {
  await world.admit(asker, command.word);
  await open(
    world,
    asker,
    await viewOfForm(world, asker, command, given),
    `/cml ${command.word} …, see /cml help ${command.word}`,
  );
}

export async function openReason(world: DoorWorld, asker: Asker, word: string, given: Given): Promise<void> {
  await world.admit(asker, word);
  const places = Object.values(given).map(String).join(' ');
  await open(world, asker, reasonView(asker, { word, given }), `/cml ${word} ${places} --reason "..."`);
}

/** Shows what a word would do and asks for the workspace's name. */
export async function openConfirm(world: DoorWorld, asker: Asker, command: Command, given: Given): Promise<void> {
  await world.admit(asker, command.word);
  const id = await open(
    world,
    asker,
    waitingView(command.word),
    `/cml ${command.word} … --confirm <workspace> --reason "..."`,
  );
  if (id !== undefined) await fillConfirm(world, asker, { command, given, viewId: id });
}

interface Confirming {
  readonly command: Command;
  readonly given: Given;
  readonly viewId: string;
}

export async function fillConfirm(
  world: DoorWorld,
  asker: Asker,
  { command, given, viewId }: Confirming,
): Promise<void> {
  const { word } = command;
  await answering(world, asker, async () => {
    await redrawOr(world, word, viewId, async () => {
      const plan = await world.say(asker, word, { ...given, dryRun: true });
      return confirmView(asker, { word, given }, plan);
    });
  });
}

/** In a window that is open, a refusal is read there. */
async function redrawOr(world: DoorWorld, word: string, viewId: string, draw: () => Promise<ModalView>): Promise<void> {
  try {
    await redraw(world, viewId, await draw());
  } catch (error) {
    if (!isAppError(error)) throw error;
    await redraw(world, viewId, refusalView(word, error));
  }
}

/** The form of another word in the same window; its answer goes where that of the first would have gone. */
export async function changeWord(
  world: DoorWorld,
  asker: Asker,
  modal: { readonly id: string; readonly memory: string },
  command: Command,
): Promise<void> {
  const { channel, responseUrl } = readMemory(modal.memory) ?? {};
  await redrawOr(world, command.word, modal.id, async () => {
    await world.admit(asker, command.word);
    return viewOfForm(world, { ...asker, channel, responseUrl }, command, {});
  });
}

/** What is wrong with a filled-in form, by block; empty when nothing is. */
export function formProblems(command: Command, given: Given): Record<string, string> {
  const read = command.input.safeParse(given);
  if (read.success) return {};
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
