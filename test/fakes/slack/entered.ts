import { isObject } from './args.ts';
import { elementsOf, type Found, textOf } from './elements.ts';
import type { Json, JsonObject } from './kinds.ts';

/** What a person enters: by the label of the input, its block_id or its action_id. */
export type Entered = Readonly<Record<string, string | readonly string[]>>;

/** The `state.values` of a window or message once this was entered; what was not touched stands as it was opened. */
export function stateOf(blocks: readonly JsonObject[], entered: Entered = {}): JsonObject {
  const all = elementsOf(blocks).filter(({ element }) => element.type !== 'button' && element.type !== 'overflow');
  const values: Record<string, Record<string, JsonObject>> = {};
  const unused = new Set(Object.keys(entered));
  for (const found of all) {
    const name = [found.label, found.blockId, String(found.element.action_id)].find((one) => one && one in entered);
    if (name) unused.delete(name);
    const value = stateValue(found, name === undefined ? undefined : entered[name]);
    values[found.blockId] = { ...values[found.blockId], [String(found.element.action_id)]: value };
  }
  if (unused.size > 0) throw new Error(`there is no field for: ${[...unused].join(', ')}`);
  return { values };
}

/** What Slack's own window does not let through; undefined: it may be sent. */
export function complaint(blocks: readonly JsonObject[], state: JsonObject): string | undefined {
  for (const { blockId, element, label, isOptional } of elementsOf(blocks)) {
    if (label === undefined) continue;
    const value = Object.values((state.values as Record<string, JsonObject>)[blockId] ?? {})[0];
    const given = isObject(value) ? enteredIn(value) : undefined;
    const isEmpty = given === undefined || given === '' || (Array.isArray(given) && given.length === 0);
    if (isEmpty && !isOptional) return `"${label}" has to be filled in`;
    if (isEmpty || typeof given !== 'string') continue;
    if (given.length < Number(element.min_length ?? 0)) return `"${label}" is too short`;
    if (given.length > Number(element.max_length ?? 3000)) return `"${label}" is too long`;
    if (element.type === 'number_input' && Number.isNaN(Number(given))) return `"${label}" is no number`;
    if (Number(given) < Number(element.min_value ?? -Infinity)) return `"${label}" is too small`;
    if (Number(given) > Number(element.max_value ?? Infinity)) return `"${label}" is too large`;
    if (element.type === 'email_text_input' && !given.includes('@')) return `"${label}" is no address`;
  }
  return undefined;
}

function enteredIn(value: JsonObject): Json | undefined {
  const { type: _, ...rest } = value;
  return Object.values(rest).find((one) => one !== null);
}

/** As it stands in `state.values`, in the shape of each kind of element. */
function stateValue({ element }: Found, entered: string | readonly string[] | undefined): JsonObject {
  const type = String(element.type);
  const one = typeof entered === 'string' ? entered : undefined;
  const many = typeof entered === 'string' ? [entered] : entered;
  if (type.startsWith('multi_') || type === 'checkboxes') return { type, ...severalOf(element, type, many) };
  const initial = Object.entries(element).find(([key]) => key.startsWith('initial_'))?.[1] ?? null;
  const plainKey = PLAIN[type];
  if (plainKey) return { type, [plainKey]: one ?? initial };
  return { type, selected_option: one === undefined ? initial : optionOf(element, one) };
}

const PLAIN: Readonly<Record<string, string>> = {
  plain_text_input: 'value',
  number_input: 'value',
  email_text_input: 'value',
  url_text_input: 'value',
  datepicker: 'selected_date',
  timepicker: 'selected_time',
  datetimepicker: 'selected_date_time',
  users_select: 'selected_user',
  channels_select: 'selected_channel',
  conversations_select: 'selected_conversation',
};

function severalOf(element: JsonObject, type: string, entered: readonly string[] | undefined): JsonObject {
  const ids = /^multi_(user|channel|conversation)s_select$/.exec(type)?.[1];
  if (ids) return { [`selected_${ids}s`]: entered ?? element[`initial_${ids}s`] ?? [] };
  return { selected_options: entered?.map((one) => optionOf(element, one)) ?? element.initial_options ?? [] };
}

/** By its value, else by what stands on it. What an external menu offered is taken as it is. */
export function optionOf(element: JsonObject, wanted: string): JsonObject {
  if (String(element.type).includes('external')) return { text: { type: 'plain_text', text: wanted }, value: wanted };
  const groups = (element.option_groups ?? []) as readonly JsonObject[];
  const all = [element.options, ...groups.map(({ options }) => options)].flatMap((one) => (one ?? []) as JsonObject[]);
  const found = all.find(({ value }) => value === wanted) ?? all.find(({ text }) => textOf(text) === wanted);
  if (found) return found;
  throw new Error(`"${wanted}" cannot be chosen, only: ${all.map(({ value }) => value).join(', ')}`);
}
