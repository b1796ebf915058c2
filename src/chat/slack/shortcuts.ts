import { z } from 'zod';
import { UserError } from '../../errors.ts';
import type { ViewMemory } from './form-view.ts';

/** A word in a menu of Slack: of the workspace, or of one message. */
export interface Shortcut {
  readonly type: 'global' | 'message';
  /** At most 24 characters. Source: docs.slack.dev/reference/app-manifest. */
  readonly name: string;
  readonly description: string;
  readonly word: string;
  /** Of a message: the field that takes the first such id that is found there, and what to say where there is none. */
  readonly about?: { readonly field: string; readonly ids: readonly string[]; readonly none: string };
  /** The form is shown first, since there is something to choose. */
  readonly isForm?: boolean;
}

/** By their callback id. */
export const SHORTCUTS: Readonly<Record<string, Shortcut>> = {
  cml_backup: {
    type: 'global',
    name: 'Back up a workspace',
    description: 'Fill in a backup and begin it',
    word: 'backup',
    isForm: true,
  },
  cml_restore: {
    type: 'global',
    name: 'Restore a workspace',
    description: 'Choose a backup and ask for it to be restored',
    word: 'restore',
    isForm: true,
  },
  cml_restore_this: {
    type: 'message',
    name: 'Restore this backup',
    description: 'See what a restore of it would do, and ask for it',
    word: 'restore',
    about: { field: 'backup', ids: ['bkp'], none: 'No backup is named in this message.' },
  },
  cml_status_of_this: {
    type: 'message',
    name: 'Show status',
    description: 'How the operation, request or backup of this message stands now',
    word: 'status',
    about: {
      field: 'subject',
      ids: ['op', 'req', 'bkp'],
      none: 'No operation, request or backup is named in this message.',
    },
  },
  cml_postpone_this: {
    type: 'message',
    name: 'Postpone',
    description: 'Let services stop later than this message announces',
    word: 'postpone',
    about: { field: 'subject', ids: ['op'], none: 'No operation is named in this message.' },
    isForm: true,
  },
};

/** Anybody's message, so whatever is odd in it counts as not there. */
const message = z
  .looseObject({
    text: z.string().catch(''),
    blocks: z.array(z.looseObject({ block_id: z.string().catch('') })).catch([]),
  })
  .catch({ text: '', blocks: [] });

/**
 * Ids of ours in a message, the likeliest to be meant first: what the message is about stands in the ids of its blocks, then
 * come its text and its buttons. A message of somebody else may name one too: it is asked about as if it were typed.
 */
export function idsIn(shown: unknown, kinds: readonly string[]): string[] {
  const { text, blocks: pieces } = message.parse(shown);
  const all = [...pieces.map(({ block_id: id }) => id), text, JSON.stringify(pieces)].join('\n');
  const id = new RegExp(`(?<![0-9a-z_])(?:${kinds.join('|')})_[0-9a-z]{10}(?![0-9a-z])`, 'g');
  return [...new Set([...all.matchAll(id)].map(([found]) => found))];
}

/**
 * What the shortcut says of the message it was chosen on.
 * @throws UserError `bad-input` where nothing there can be meant.
 */
export function givenBy({ about }: Shortcut, shown: unknown): ViewMemory['given'] {
  if (!about) return {};
  const [id] = idsIn(shown, about.ids);
  if (id !== undefined) return { [about.field]: id };
  throw new UserError('bad-input', about.none, { hint: 'See what there is: cml status, or cml list' });
}
