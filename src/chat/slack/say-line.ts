import { fieldsOf } from '../command-field.ts';
import { noGlobals } from '../command-line.ts';
import { readLine } from '../read-command.ts';
import { answering, carryOut } from './carry-out.ts';
import { cleanLine } from './clean-line.ts';
import type { DoorWorld } from './door-world.ts';
import type { ViewMemory } from './form-view.ts';
import { needsConfirming, openConfirm, openForm, openReason } from './forms.ts';
import type { Asker } from './reply.ts';

/** The form that `/cml` alone opens; from there every other word can be chosen. */
const USUAL_WORD = 'backup';

/** Says what stands behind a slash command. Never rejects, however odd the line. */
export async function sayLine(world: DoorWorld, asker: Asker, line: string): Promise<void> {
  await answering(world, asker, async () => {
    const words = cleanLine(line);
    const alone = words.length > 1 ? undefined : world.words.find(({ word }) => word === (words[0] ?? USUAL_WORD));
    if (alone && fieldsOf(alone).some(({ required }) => required)) return openForm(world, asker, alone, {});
    const { command, given } = readLine(world.words, words, noGlobals);
    await sayWord(world, asker, { word: command.word, given: asJson(given) });
  });
}

/** What was read from a line or a form is JSON already; this only tells the type so. */
function asJson(given: Readonly<Record<string, unknown>>): ViewMemory['given'] {
  return JSON.parse(JSON.stringify(given));
}

export interface SaidWord {
  readonly word: string;
  readonly given: ViewMemory['given'];
  readonly ask?: 'reason' | undefined;
}

/** Says a word with its input, from a line or a button; asks first for what it needs. */
export async function sayWord(world: DoorWorld, asker: Asker, { word, given, ask }: SaidWord): Promise<void> {
  const command = world.words.find((candidate) => candidate.word === word);
  if (command && ask === 'reason' && given.reason === undefined) return openReason(world, asker, command, given);
  if (command && needsConfirming(command, given)) return openConfirm(world, asker, command, given);
  await carryOut(world, asker, { word, given });
}
