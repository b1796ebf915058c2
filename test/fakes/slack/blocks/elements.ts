import { z } from 'zod';
import { richText } from './rich-text.ts';
import { anyOption, confirmation, id, optionGroup, overflowOption, plain, plainOption, url } from './texts.ts';

const acts = { action_id: id, confirm: confirmation.optional() };
const focus = { focus_on_load: z.boolean().optional() };
const placeholder = { placeholder: plain(150).optional() };
const dispatch = {
  dispatch_action_config: z
    .strictObject({ trigger_actions_on: z.array(z.enum(['on_enter_pressed', 'on_character_entered'])).min(1) })
    .optional(),
};
const many = { max_selected_items: z.number().int().min(1).optional() };
const label = { accessibility_label: z.string().max(75).optional() };

const button = z.strictObject({
  type: z.literal('button'),
  ...acts,
  ...label,
  text: plain(75),
  value: z.string().max(2000).optional(),
  url: url.optional(),
  style: z.enum(['primary', 'danger']).optional(),
});

const image = z
  .strictObject({
    type: z.literal('image'),
    image_url: url.optional(),
    slack_file: z.record(z.string(), z.string()).optional(),
    alt_text: z.string().min(1).max(2000),
  })
  .refine((one) => (one.image_url === undefined) !== (one.slack_file === undefined), 'one of image_url, slack_file');

function menu<Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) {
  return z.strictObject({ type: z.literal(type), ...acts, ...focus, ...placeholder, ...shape });
}

const listed = {
  options: z.array(plainOption).min(1).max(100).optional(),
  option_groups: z.array(optionGroup).min(1).max(100).optional(),
};
const isListed = (one: { options?: unknown; option_groups?: unknown }) =>
  (one.options === undefined) !== (one.option_groups === undefined);
const listedWord = 'exactly one of options, option_groups';
const conversations = {
  default_to_current_conversation: z.boolean().optional(),
  filter: z.record(z.string(), z.unknown()).optional(),
};

const selects = [
  menu('static_select', { ...listed, initial_option: plainOption.optional() }).refine(isListed, listedWord),
  menu('multi_static_select', { ...listed, ...many, initial_options: z.array(plainOption).optional() }).refine(
    isListed,
    listedWord,
  ),
  menu('external_select', { min_query_length: z.number().optional(), initial_option: plainOption.optional() }),
  menu('users_select', { initial_user: z.string().optional() }),
  menu('multi_users_select', { ...many, initial_users: z.array(z.string()).optional() }),
  menu('channels_select', { initial_channel: z.string().optional(), response_url_enabled: z.boolean().optional() }),
  menu('multi_channels_select', { ...many, initial_channels: z.array(z.string()).optional() }),
  menu('conversations_select', {
    ...conversations,
    initial_conversation: z.string().optional(),
    response_url_enabled: z.boolean().optional(),
  }),
  menu('multi_conversations_select', {
    ...many,
    ...conversations,
    initial_conversations: z.array(z.string()).optional(),
  }),
] as const;

const day = z.string().regex(/^\d{4}-\d\d-\d\d$/, 'must be a date in the format YYYY-MM-DD');
const time = z.string().regex(/^\d\d:\d\d$/, 'must be a time in the format HH:mm');

const pickers = [
  menu('datepicker', { initial_date: day.optional() }),
  menu('timepicker', { initial_time: time.optional(), timezone: z.string().optional() }),
  z.strictObject({
    type: z.literal('datetimepicker'),
    ...acts,
    ...focus,
    initial_date_time: z.number().int().min(1e9).max(9_999_999_999).optional(),
  }),
  z.strictObject({
    type: z.literal('checkboxes'),
    ...acts,
    ...focus,
    options: z.array(anyOption).min(1).max(10),
    initial_options: z.array(anyOption).min(1).optional(),
  }),
  z.strictObject({
    type: z.literal('radio_buttons'),
    ...acts,
    ...focus,
    options: z.array(anyOption).min(1).max(10),
    initial_option: anyOption.optional(),
  }),
] as const;

const overflow = z.strictObject({
  type: z.literal('overflow'),
  ...acts,
  options: z.array(overflowOption).min(1).max(5),
});

/** No confirmation: nothing is pressed. */
function entry<Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) {
  return z.strictObject({ type: z.literal(type), action_id: id, ...focus, ...placeholder, ...dispatch, ...shape });
}

const entries = [
  entry('plain_text_input', {
    initial_value: z.string().max(3000).optional(),
    multiline: z.boolean().optional(),
    min_length: z.number().int().min(0).max(3000).optional(),
    max_length: z.number().int().min(1).max(3000).optional(),
  }),
  entry('number_input', {
    is_decimal_allowed: z.boolean(),
    initial_value: z.string().optional(),
    min_value: z.string().optional(),
    max_value: z.string().optional(),
  }),
  entry('email_text_input', { initial_value: z.string().optional() }),
  entry('url_text_input', { initial_value: z.string().optional() }),
  entry('rich_text_input', {
    initial_value: richText.optional(),
    min_lines: z.number().int().min(1).max(100).optional(),
    max_lines: z.number().int().min(1).max(100).optional(),
  }),
] as const;

const iconButton = z.strictObject({
  type: z.literal('icon_button'),
  ...acts,
  ...label,
  icon: z.string().min(1),
  text: plain(75),
  value: z.string().max(2000).optional(),
  visible_to_user_ids: z.array(z.string()).optional(),
});
const feedback = z.strictObject({ ...label, text: plain(75), value: z.string().max(2000) });
const feedbackButtons = z.strictObject({
  type: z.literal('feedback_buttons'),
  action_id: id,
  positive_button: feedback,
  negative_button: feedback,
});

export const imageElement = image;
export const buttonElement = button;
export const accessory = z.discriminatedUnion('type', [button, image, overflow, ...selects, ...pickers]);
export const actionElement = z.discriminatedUnion('type', [button, overflow, ...selects, ...pickers, entries[4]]);
export const inputElement = z.discriminatedUnion('type', [...selects, ...pickers, ...entries]);
export const contextAction = z.discriminatedUnion('type', [iconButton, feedbackButtons]);
