import type { SlackDouble } from '../double.ts';
import { elementsOf } from '../elements.ts';
import { optionOf } from '../entered.ts';
import type { Json, JsonObject, SlackMessage } from '../kinds.ts';
import type { Reader } from './mrkdwn.ts';

/** What a picture shows; small JSON, so that it can be kept and drawn again. */
export interface Scene {
  /** `#ops`, a person's name for a direct channel, or nothing for a window alone. */
  readonly title?: string;
  readonly reader: Reader;
  readonly items: readonly SceneItem[];
}

export type SceneItem =
  | {
      readonly kind: 'message';
      /** Left out: the app's own. */
      readonly who?: string;
      /** Milliseconds since 1970. */
      readonly at: number;
      readonly text: string;
      readonly blocks?: readonly JsonObject[];
      readonly isReply?: boolean;
      readonly isOnlyForReader?: boolean;
    }
  | { readonly kind: 'modal'; readonly view: JsonObject }
  | { readonly kind: 'home'; readonly view: JsonObject };

/** A channel as it stands: every root message with its replies, and what the viewer alone sees. */
export function sceneOfChannel(slack: SlackDouble, channel: string, timeZone: string, viewer?: string): Scene {
  const shown = slack.history(channel).flatMap((root) => {
    const replies = slack.thread(channel, root.ts).filter(({ ts }) => ts !== root.ts);
    return [messageItem(root, false), ...replies.map((one) => messageItem(one, true))];
  });
  const own = viewer ? slack.ephemerals(viewer).filter((one) => one.channel === channel) : [];
  const items = [...shown, ...own.map((one) => ({ ...messageItem(one, false), isOnlyForReader: true }))];
  const names = slack.names();
  return { title: `#${names[channel] ?? channel}`, reader: { timeZone, names }, items };
}

function messageItem(message: Pick<SlackMessage, 'ts' | 'text' | 'blocks'>, isReply: boolean): SceneItem {
  const { ts, text, blocks } = message;
  const at = Number(ts) * 1000;
  return { kind: 'message', at, text, ...(blocks ? { blocks } : {}), ...(isReply ? { isReply } : {}) };
}

/** A window as it looks once this was entered: by label. */
export function filledIn(view: JsonObject, entered: Readonly<Record<string, string>>): JsonObject {
  const blocks = (view.blocks as readonly JsonObject[]).map((block) => {
    const [found] = elementsOf([block]);
    const value = found?.label === undefined ? undefined : entered[found.label];
    if (!found || value === undefined) return block;
    return { ...block, element: { ...found.element, ...initial(found.element, value) } };
  });
  return { ...view, blocks };
}

function initial(element: JsonObject, value: string): Record<string, Json> {
  const isChosen = 'options' in element || 'option_groups' in element;
  return isChosen ? { initial_option: optionOf(element, value) } : { initial_value: value };
}
