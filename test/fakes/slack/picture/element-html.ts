import { isObject } from '../args.ts';
import { textOf } from '../elements.ts';
import type { Json, JsonObject } from '../kinds.ts';
import { plainHtml, safe } from './mrkdwn.ts';

/** A button or a menu beside or among others. */
export function elementHtml(element: JsonObject): string {
  if (element.type === 'button')
    return `<span class="button ${element.style ?? ''}">${plainHtml(textOf(element.text) ?? '')}</span>`;
  if (element.type === 'overflow') return '<span class="button">•••</span>';
  if (element.type === 'image') return `<span class="picture">${safe(String(element.alt_text))}</span>`;
  return field(element);
}

/** A question of a window, with the field to answer it in. */
export function inputHtml(block: JsonObject): string {
  const optional = block.optional === true ? ' <span class="optional">(optional)</span>' : '';
  const hint = textOf(block.hint);
  const element = isObject(block.element) ? field(block.element) : '';
  const label = `<div class="label">${plainHtml(textOf(block.label) ?? '')}${optional}</div>`;
  return `${label}${element}${hint ? `<div class="hint">${plainHtml(hint)}</div>` : ''}`;
}

function field(element: JsonObject): string {
  const type = String(element.type);
  if (type === 'checkboxes' || type === 'radio_buttons') return choices(element, type);
  const filled = filledIn(element);
  const arrow = type.includes('select') ? '<span class="arrow">⌄</span>' : '';
  const size = element.multiline === true ? ' tall' : '';
  const inside =
    filled === undefined
      ? `<span class="placeholder">${plainHtml(textOf(element.placeholder) ?? '')}</span>`
      : safe(filled);
  return `<div class="entry${size}${arrow ? ' menu' : ''}">${inside}${arrow}</div>`;
}

function filledIn(element: JsonObject): string | undefined {
  const [, value] = Object.entries(element).find(([key]) => key.startsWith('initial_')) ?? [];
  if (value === undefined) return undefined;
  const read = (one: Json): string => (isObject(one) ? (textOf(one.text) ?? '') : String(one));
  return Array.isArray(value) ? value.map(read).join(', ') : read(value);
}

function choices(element: JsonObject, type: string): string {
  const initial = [element.initial_options, element.initial_option].flatMap((one) => (one ?? []) as JsonObject[]);
  const mark = type === 'checkboxes' ? ['☐', '☑'] : ['○', '◉'];
  const lines = ((element.options ?? []) as readonly JsonObject[]).map((option) => {
    const chosen = initial.some(({ value }) => value === option.value);
    const more = textOf(option.description);
    const about = more ? `<div class="hint">${plainHtml(more)}</div>` : '';
    return `<div class="choice">${mark[chosen ? 1 : 0]} ${plainHtml(textOf(option.text) ?? '')}${about}</div>`;
  });
  return lines.join('');
}
