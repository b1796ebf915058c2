import type { KnownBlock, ModalView } from '@slack/types';
import { z } from 'zod';
import { type AppError, ConfigError } from '../../errors.ts';
import type { Answer } from '../answer.ts';
import { capital, plain, remember, VALUE, type ViewMemory } from './form-view.ts';
import { renderAnswer, renderRefusal } from './render-answer.ts';
import type { Asker } from './reply.ts';
import { richText } from './rich-text.ts';

export const NAME_BLOCK = 'confirm';
export const REASON_BLOCK = 'reason';
const MOST_REASON = 300;
/** A modal shows no table; its texts come first and its inputs last. Source: chatops facts A3 and A4. */
const MOST_BLOCKS = 90;

function modal(title: string, blocks: KnownBlock[], more: Partial<ModalView> = {}): ModalView {
  return { type: 'modal', title: plain(title, 24), close: plain('Leave it', 24), blocks, ...more };
}

function reasonInput(label: string, isNeeded: boolean, written = ''): KnownBlock {
  return {
    type: 'input',
    block_id: REASON_BLOCK,
    label: plain(label, 2_000),
    optional: !isNeeded,
    element: {
      type: 'plain_text_input',
      action_id: VALUE,
      multiline: true,
      max_length: MOST_REASON,
      ...(written === '' ? {} : { initial_value: written.slice(0, MOST_REASON) }),
    },
  };
}

/** Shown at once, since a form has to be opened within three seconds of the click; what it asks is looked up after that. */
export function waitingView(word: string): ModalView {
  return modal(capital(word), [richText([[{ text: 'It is being looked at what this would do …' }]])]);
}

export function refusalView(word: string, error: AppError): ModalView {
  const { blocks } = renderRefusal(error instanceof ConfigError ? error : error);
  return modal(capital(word), blocks);
}

const planned = z.looseObject({ plan: z.looseObject({ workspace: z.string() }) });

/** The workspace that a plan is about. */
export function plannedWorkspace(answer: Answer): string {
  return planned.parse(answer.json).plan.workspace;
}

/** What would be done, and the name that has to be repeated before it is asked for. */
export function confirmView(asker: Asker, memory: Pick<ViewMemory, 'word' | 'given'>, plan: Answer): ModalView {
  const workspace = plannedWorkspace(plan);
  const { given, word } = memory;
  const { hint: _, ...shown } = plan; // how to ask for it in a terminal
  const blocks = renderAnswer({ ...shown, text: shown.text.replace(/ Nothing was done\.$/, '') }).blocks;
  const reason = typeof given.reason === 'string' ? given.reason : '';
  const nameInput: KnownBlock = {
    type: 'input',
    block_id: NAME_BLOCK,
    label: plain(`Type the name of the workspace, ${workspace}, to go on`, 2_000),
    element: { type: 'plain_text_input', action_id: VALUE },
  };
  const readable = blocks.filter(({ type }) => type !== 'table').slice(0, MOST_BLOCKS);
  return modal(capital(word), [...readable, nameInput, reasonInput('Why? The approver will read it', true, reason)], {
    callback_id: `confirm:${word}`,
    submit: plain('Ask for it', 24),
    private_metadata: remember(asker, { ...memory, workspace }),
  });
}

/** One more thing that a word needs: why. */
export function reasonView(asker: Asker, memory: Pick<ViewMemory, 'word' | 'given'>): ModalView {
  const { word } = memory;
  const subject = Object.values(memory.given).map(String).join(' ');
  return modal(
    capital(word),
    [
      richText([[{ text: `${word} ${subject}`, style: { code: true } }]]),
      reasonInput('Why? People will read it', true),
    ],
    { callback_id: `ask:${word}`, submit: plain(capital(word), 24), private_metadata: remember(asker, memory) },
  );
}
