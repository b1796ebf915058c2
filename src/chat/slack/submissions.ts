import type { ModalView } from '@slack/types';
import type { Command } from '../command.ts';
import { NAME_BLOCK, REASON_BLOCK, waitingView } from './ask-view.ts';
import { carryOut } from './carry-out.ts';
import type { DoorWorld } from './door-world.ts';
import { formGiven, valueIn } from './filled-in.ts';
import { readMemory, type ViewMemory } from './form-view.ts';
import { fillConfirm, formProblems, needsConfirming } from './forms.ts';
import type { Asker } from './reply.ts';
import { writeLine } from './written-line.ts';

/** What Slack is told at once, and what is done after that. */
export interface Submission {
  readonly response?:
    | { readonly response_action: 'errors'; readonly errors: Record<string, string> }
    | { readonly response_action: 'update'; readonly view: ModalView };
  readonly work?: () => Promise<void>;
}

export interface SubmittedView {
  readonly id: string;
  readonly callbackId: string;
  readonly memory: string;
  readonly values: unknown;
}

function wrong(block: string, problem: string): Submission {
  return { response: { response_action: 'errors', errors: { [block]: problem } } };
}

/** Reads a form that somebody sent, and says what has to follow. Fast: Slack waits. */
export function readSubmission(world: DoorWorld, who: Pick<Asker, 'user' | 'team'>, view: SubmittedView): Submission {
  const memory = readMemory(view.memory);
  const command = world.words.find(({ word }) => word === memory?.word);
  if (!memory || !command) return {};
  const asker = { ...who, channel: memory.channel, responseUrl: memory.responseUrl };
  const [kind] = view.callbackId.split(':');
  if (kind === 'form') return submitForm(world, asker, command, view);
  if (kind === 'confirm') return submitConfirm(world, asker, { command, memory, values: view.values });
  if (kind === 'ask') return submitReason(world, asker, { command, memory, values: view.values });
  return {};
}

function submitForm(world: DoorWorld, asker: Asker, command: Command, { id, values }: SubmittedView): Submission {
  const given = formGiven(command, values);
  const errors = formProblems(asker, command, given);
  if (Object.keys(errors).length > 0) return { response: { response_action: 'errors', errors } };
  if (!needsConfirming(command, given)) return { work: () => sayFilledIn(world, asker, command, given) };
  return {
    response: { response_action: 'update', view: waitingView(command.word) },
    work: () => fillConfirm(world, asker, { command, given, viewId: id, isFilledIn: true }),
  };
}

interface Filled {
  readonly command: Command;
  readonly memory: ViewMemory;
  readonly values: unknown;
}

/** The window is gone by now: where it is refused, what was filled in is given back as a line. */
function sayFilledIn(world: DoorWorld, asker: Asker, command: Command, given: ViewMemory['given']): Promise<void> {
  return carryOut(world, asker, { word: command.word, given, line: writeLine(command, given) });
}

function submitConfirm(world: DoorWorld, asker: Asker, { command, memory, values }: Filled): Submission {
  const { given, workspace } = memory;
  const name = valueIn(values, NAME_BLOCK);
  const reason = valueIn(values, REASON_BLOCK);
  if (typeof name !== 'string' || name !== workspace)
    return wrong(NAME_BLOCK, `This is not the name: type ${workspace ?? ''} to go on.`);
  if (typeof reason !== 'string') return wrong(REASON_BLOCK, 'A reason is needed.');
  return { work: () => sayFilledIn(world, asker, command, { ...given, confirm: name, reason }) };
}

function submitReason(world: DoorWorld, asker: Asker, { command, memory, values }: Filled): Submission {
  const reason = valueIn(values, REASON_BLOCK);
  if (typeof reason !== 'string') return wrong(REASON_BLOCK, 'A reason is needed.');
  return { work: () => sayFilledIn(world, asker, command, { ...memory.given, reason }) };
}
