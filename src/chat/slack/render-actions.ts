import type { ActionsBlock, Button } from '@slack/types';
import { z } from 'zod';
import type { Action } from '../chat.ts';
import { cut } from './escape.ts';

/** What a button carries: a word with its input. Everything else is looked up when it is pressed. */
const carried = z.object({
  word: z.string(),
  given: z.record(z.string(), z.json()),
  ask: z.literal('reason').optional(),
});
export type CarriedWord = z.infer<typeof carried>;

/** Every action of ours that says a word. */
export const SAY = /^say:([a-z-]+):\d+$/;

/** Limits of a button and its dialog. Source: @slack/types 3.2, block-elements and composition-objects. */
const MOST = { label: 75, value: 2_000, confirmTitle: 100, confirmText: 300, confirmWord: 30 };

function confirmation({ confirm, label, style }: Action): Pick<Button, 'confirm'> {
  if (confirm === undefined) return {};
  return {
    confirm: {
      title: { type: 'plain_text', text: cut(`${label}?`, MOST.confirmTitle) },
      text: { type: 'plain_text', text: cut(confirm, MOST.confirmText) },
      confirm: { type: 'plain_text', text: cut(label, MOST.confirmWord) },
      deny: { type: 'plain_text', text: 'Leave it' },
      ...(style === undefined ? {} : { style }),
    },
  };
}

function button(action: Action, index: number): Button {
  const { word, given, label, style, ask } = action;
  return {
    type: 'button',
    action_id: `say:${word}:${index}`,
    text: { type: 'plain_text', text: cut(label, MOST.label), emoji: false },
    value: JSON.stringify({ word, given, ...(ask === undefined ? {} : { ask }) }),
    accessibility_label: cut([label, ...Object.values(given).map(String)].join(' '), MOST.label),
    ...(style === undefined ? {} : { style }),
    ...confirmation(action),
  };
}

/** Buttons that say words; none where there is nothing to say. */
export function renderActions(actions: readonly Action[] = [], blockId?: string): ActionsBlock[] {
  const fitting = actions.filter(({ given }) => JSON.stringify(given).length < MOST.value - 100).slice(0, 25);
  if (fitting.length === 0) return [];
  return [{ type: 'actions', elements: fitting.map(button), ...(blockId === undefined ? {} : { block_id: blockId }) }];
}

/** What a pressed button says; undefined for a button that is not ours or of another age. */
export function readCarried(actionId: string, value: string | undefined): CarriedWord | undefined {
  const word = SAY.exec(actionId)?.[1];
  if (word === undefined || value === undefined) return undefined;
  try {
    const read = carried.safeParse(JSON.parse(value)).data;
    return read?.word === word ? read : undefined;
  } catch {
    return undefined;
  }
}
