import type { InputBlock, KnownBlock, ModalView, PlainTextOption } from '@slack/types';
import { z } from 'zod';
import type { AppError } from '../../errors.ts';
import type { Command } from '../command.ts';
import { type Field, fieldsOf } from '../command-field.ts';
import type { Choice } from './door-world.ts';
import { cut } from './escape.ts';
import { renderRefusal } from './render-answer.ts';
import type { Asker } from './reply.ts';

/** What a modal remembers from the moment it was opened. */
export const viewMemory = z.object({
  word: z.string(),
  given: z.record(z.string(), z.json()),
  channel: z.string().optional(),
  responseUrl: z.string().optional(),
  /** The name that has to be repeated. */
  workspace: z.string().optional(),
});
export type ViewMemory = z.infer<typeof viewMemory>;

/** What a modal of ours remembers; undefined for one of another age. */
export function readMemory(text: string): ViewMemory | undefined {
  try {
    return viewMemory.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Words of a form's own: the choice of another word, and the one value of a tick box. */
export const OTHER_WORD = 'form:other-word';
export const VALUE = 'value';
export const YES = 'yes';

/** What only makes sense where one can stay, or is asked for in a step of its own. */
const NOT_IN_FORMS = new Set(['wait', 'follow', 'confirm', 'breakGlass', 'save']);

/** Limits of a view. Source: @slack/types 3.2 and docs.slack.dev/reference/views. */
const MOST = { title: 24, label: 2_000, option: 75, options: 100, hint: 2_000, memory: 3_000, name: 64 };

export function formFields(command: Pick<Command, 'input' | 'positional' | 'labels'>): Field[] {
  return fieldsOf(command).filter(({ key }) => !NOT_IN_FORMS.has(key));
}

export const plain = (text: string, most: number) => ({
  type: 'plain_text' as const,
  text: cut(text, most),
  emoji: false,
});

export function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

type Remembered = Pick<ViewMemory, 'word' | 'given' | 'workspace'>;

export function remember(asker: Asker, memory: Remembered): string {
  const { channel, responseUrl } = asker;
  return JSON.stringify({ ...memory, channel, responseUrl } satisfies ViewMemory);
}

/** By how many characters a modal that asks for a name or a reason could not remember this; 0 where it fits. */
export function excessOf(asker: Asker, memory: Remembered): number {
  const whole = { ...memory, workspace: memory.workspace ?? 'w'.repeat(MOST.name) };
  return Math.max(0, remember(asker, whole).length - MOST.memory);
}

function option({ value, label }: Choice): PlainTextOption {
  return { text: plain(label, MOST.option), value };
}

/** Shown where nothing is filled in yet. */
function exampleOf({ placeholder, many }: Field): string {
  if (placeholder === 'time') return 'such as 30s, 10m or 1h30m';
  return many ? `${placeholder}, one a line` : placeholder;
}

function selectOf(field: Field, choices: readonly Choice[], now: unknown): InputBlock['element'] {
  // What was there before the form was opened is never lost to what it offers.
  const isOffered = now === undefined || choices.some(({ value }) => value === now);
  const offered = isOffered ? choices : [{ value: String(now), label: String(now) }, ...choices];
  const options = offered.slice(0, MOST.options).map(option);
  const only = field.required && options.length === 1 ? options[0] : undefined;
  const chosen = options.find(({ value }) => value === now) ?? only;
  return {
    type: 'static_select',
    action_id: VALUE,
    options,
    ...(chosen ? { initial_option: chosen } : {}),
    placeholder: plain(field.placeholder || field.option, 150),
  };
}

function elementOf(field: Field, choices: readonly Choice[], now: unknown): InputBlock['element'] {
  if (field.kind === 'flag' || field.kind === 'negated-flag') {
    const tick = option({ value: YES, label: field.kind === 'flag' ? 'Yes' : 'No' });
    return {
      type: 'checkboxes',
      action_id: VALUE,
      options: [tick],
      ...(now === true ? { initial_options: [tick] } : {}),
    };
  }
  const offered = field.choices.length > 0 ? field.choices.map((value) => ({ value, label: value })) : choices;
  if (offered.length > 0 && !field.many) return selectOf(field, offered, now);
  const written = Array.isArray(now) ? now.map(String).join('\n') : now === undefined ? '' : String(now);
  return {
    type: 'plain_text_input',
    action_id: VALUE,
    multiline: field.many,
    ...(written === '' ? {} : { initial_value: cut(written, 3_000) }),
    ...(field.placeholder === '' ? {} : { placeholder: plain(exampleOf(field), 150) }),
  };
}

function inputOf(field: Field, choices: readonly Choice[], now: unknown): InputBlock {
  return {
    type: 'input',
    block_id: `field:${field.key}`,
    label: plain(capital(field.option.replaceAll('-', ' ')), MOST.label),
    element: elementOf(field, choices, now),
    optional: !field.required,
    ...(field.label === '' ? {} : { hint: plain(field.label, MOST.hint) }),
  };
}

/** Which word it is, and a way to another one without typing. */
function otherWord(command: Pick<Command, 'word' | 'summary'>, words: readonly Command[]): KnownBlock {
  const options = words
    .slice(0, MOST.options)
    .map(({ word, summary }) => option({ value: word, label: `${word}: ${summary}` }));
  const chosen = options.find(({ value }) => value === command.word);
  return {
    type: 'section',
    block_id: 'form:word',
    text: plain(command.summary, 3_000),
    accessory: { type: 'static_select', action_id: OTHER_WORD, options, ...(chosen ? { initial_option: chosen } : {}) },
  };
}

export interface FormParts {
  readonly command: Command;
  readonly words: readonly Command[];
  readonly given: ViewMemory['given'];
  readonly choices: ReadonlyMap<string, readonly Choice[]>;
  /** Why what was filled in before is not possible; it stands there still. */
  readonly problem?: AppError | undefined;
}

/** A word as a form, made of its own fields. */
export function formView({ command, words, given, choices, problem }: FormParts, asker: Asker): ModalView {
  const fields = formFields(command);
  return {
    type: 'modal',
    callback_id: `form:${command.word}`,
    title: plain(capital(command.word), MOST.title),
    submit: plain(capital(command.word), MOST.title),
    close: plain('Leave it', MOST.title),
    private_metadata: remember(asker, { word: command.word, given: {} }), // its fields hold what is given
    blocks: [
      ...(problem ? renderRefusal(problem).blocks : []),
      otherWord(command, words),
      ...fields.map((field) => inputOf(field, choices.get(field.key) ?? [], given[field.key])),
    ],
  };
}
