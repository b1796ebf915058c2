import { z } from 'zod';

/** Every limit here is of docs.slack.dev's Block Kit reference, by way of `@slack/types` 3.2. */
export function plain(max = 3000) {
  return z.strictObject({
    type: z.literal('plain_text'),
    text: z.string().min(1).max(max),
    emoji: z.boolean().optional(),
  });
}

export function mrkdwn(max = 3000) {
  return z.strictObject({
    type: z.literal('mrkdwn'),
    text: z.string().min(1).max(max),
    verbatim: z.boolean().optional(),
  });
}

export function anyText(max = 3000) {
  return z.discriminatedUnion('type', [plain(max), mrkdwn(max)]);
}

export const id = z.string().max(255).optional();
export const url = z.string().min(1).max(3000);

export const confirmation = z.strictObject({
  title: plain(100).optional(),
  text: anyText(300),
  confirm: plain(30).optional(),
  deny: plain(30).optional(),
  style: z.enum(['primary', 'danger']).optional(),
});

function option(text: ReturnType<typeof plain> | ReturnType<typeof anyText>) {
  return z.strictObject({ text, value: z.string().max(75).optional(), description: anyText(75).optional() });
}

export const plainOption = option(plain(75));
export const anyOption = option(anyText(75));
/** Only a menu of three dots leads to addresses. */
export const overflowOption = plainOption.extend({ url: url.optional() });
export const optionGroup = z.strictObject({ label: plain(75), options: z.array(plainOption).min(1).max(100) });
