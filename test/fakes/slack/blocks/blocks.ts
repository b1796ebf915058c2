import { z } from 'zod';
import { accessory, actionElement, buttonElement, contextAction, imageElement, inputElement } from './elements.ts';
import { richText } from './rich-text.ts';
import { anyText, id, mrkdwn, plain, url } from './texts.ts';

const section = z
  .strictObject({
    type: z.literal('section'),
    block_id: id,
    text: anyText(3000).optional(),
    fields: z.array(anyText(2000)).min(1).max(10).optional(),
    accessory: accessory.optional(),
    expand: z.boolean().optional(),
  })
  .refine((one) => one.text !== undefined || one.fields !== undefined, 'missing required field: text or fields');

const header = z.strictObject({ type: z.literal('header'), block_id: id, text: plain(150) });
const divider = z.strictObject({ type: z.literal('divider'), block_id: id });
const actions = z.strictObject({
  type: z.literal('actions'),
  block_id: id,
  elements: z.array(actionElement).min(1).max(25),
});
const context = z.strictObject({
  type: z.literal('context'),
  block_id: id,
  elements: z
    .array(z.discriminatedUnion('type', [plain(), mrkdwn(), imageElement]))
    .min(1)
    .max(10),
});
const contextActions = z.strictObject({
  type: z.literal('context_actions'),
  block_id: id,
  elements: z.array(contextAction).min(1).max(5),
});
const input = z.strictObject({
  type: z.literal('input'),
  block_id: id,
  label: plain(2000),
  hint: plain(2000).optional(),
  optional: z.boolean().optional(),
  dispatch_action: z.boolean().optional(),
  element: inputElement,
});
const image = z
  .strictObject({
    type: z.literal('image'),
    block_id: id,
    image_url: url.optional(),
    slack_file: z.record(z.string(), z.string()).optional(),
    alt_text: z.string().min(1).max(2000),
    title: plain(2000).optional(),
  })
  .refine((one) => (one.image_url === undefined) !== (one.slack_file === undefined), 'one of image_url, slack_file');
const markdown = z.strictObject({ type: z.literal('markdown'), block_id: id, text: z.string().min(1).max(12_000) });
const alert = z.strictObject({
  type: z.literal('alert'),
  block_id: id,
  text: anyText(),
  level: z.enum(['default', 'info', 'warning', 'error', 'success']).optional(),
});

const cell = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('raw_text'), text: z.string().min(1) }),
  z.strictObject({ type: z.literal('raw_number'), value: z.number(), text: z.string().min(1) }),
  richText,
]);
const table = z.strictObject({
  type: z.literal('table'),
  block_id: id,
  rows: z.array(z.array(cell).min(1).max(20)).min(1).max(100),
  column_settings: z
    .array(
      z
        .strictObject({ align: z.enum(['left', 'center', 'right']).optional(), is_wrapped: z.boolean().optional() })
        .nullable(),
    )
    .max(20)
    .optional(),
});
const dataTable = z.strictObject({
  type: z.literal('data_table'),
  block_id: id,
  caption: z.string().min(1),
  rows: z.array(z.array(cell).min(1)).min(1),
  page_size: z.number().int().min(1).max(100).optional(),
  row_header_column_index: z.number().int().min(0).optional(),
});

const taskCard = z.strictObject({
  type: z.literal('task_card'),
  block_id: id,
  task_id: z.string().min(1),
  title: z.string().min(1),
  status: z.enum(['pending', 'in_progress', 'complete', 'error']),
  details: richText.optional(),
  output: richText.optional(),
  sources: z.array(z.strictObject({ type: z.literal('url'), url, text: z.string() })).optional(),
});
const plan = z.strictObject({
  type: z.literal('plan'),
  block_id: id,
  title: z.string().min(1),
  tasks: z
    .array(taskCard.extend({ type: z.literal('task_card').optional() }))
    .max(50)
    .optional(),
});

const card = z
  .strictObject({
    type: z.literal('card'),
    block_id: id,
    hero_image: imageElement.optional(),
    icon: imageElement.optional(),
    title: mrkdwn(150).optional(),
    subtitle: mrkdwn(150).optional(),
    body: mrkdwn(200).optional(),
    actions: z.array(buttonElement).optional(),
  })
  .refine((one) => one.hero_image ?? one.title ?? one.actions ?? one.body, 'one of hero_image, title, actions, body');
const carousel = z.strictObject({ type: z.literal('carousel'), block_id: id, elements: z.array(card).min(1).max(10) });

const container = z.strictObject({
  type: z.literal('container'),
  block_id: id,
  title: plain(150).optional(),
  rich_text_title: richText.optional(),
  subtitle: anyText(150).optional(),
  icon: imageElement.optional(),
  width: z.enum(['narrow', 'standard', 'wide', 'full']).optional(),
  is_collapsible: z.boolean().optional(),
  default_collapsed: z.boolean().optional(),
  has_header_divider: z.boolean().optional(),
  child_blocks: z
    .array(z.discriminatedUnion('type', [actions, context, divider, header, image, input, richText, section, table]))
    .max(10),
});

export const block = z.discriminatedUnion('type', [
  section,
  header,
  divider,
  actions,
  context,
  contextActions,
  input,
  image,
  markdown,
  alert,
  richText,
  table,
  dataTable,
  taskCard,
  plan,
  card,
  carousel,
  container,
]);
export type Block = z.infer<typeof block>;
