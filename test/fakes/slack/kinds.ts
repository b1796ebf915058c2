/** What the double remembers, in Slack's own words where Slack's answers carry them. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export interface SlackPerson {
  readonly id: string;
  readonly name: string;
  readonly email?: string;
  readonly tz?: string;
  readonly deleted?: boolean;
  readonly isBot?: boolean;
  /** A guest. */
  readonly restricted?: boolean;
  /** Another workspace's person, met over a shared channel. */
  readonly team?: string;
}

export interface SlackChannel {
  readonly id: string;
  readonly name: string;
  readonly kind: 'public' | 'private' | 'im';
  archived: boolean;
  /** Whoever comes to the workspace is in it. */
  readonly isForAll: boolean;
  readonly members: Set<string>;
}

export interface SlackMessage {
  readonly type: 'message';
  readonly ts: string;
  readonly channel: string;
  readonly user: string;
  readonly bot_id?: string;
  readonly app_id?: string;
  readonly thread_ts?: string;
  readonly reply_broadcast?: boolean;
  text: string;
  blocks?: readonly JsonObject[];
  metadata?: JsonObject;
  edited?: { readonly user: string; readonly ts: string };
}

export interface Ephemeral {
  /** Slack's own; no method finds the message by it. */
  readonly ts: string;
  readonly channel: string;
  /** Who sees it. */
  readonly user: string;
  readonly thread_ts?: string;
  text: string;
  blocks?: readonly JsonObject[];
}

export interface SlackView {
  readonly id: string;
  readonly type: 'modal' | 'home';
  readonly user: string;
  readonly rootId: string;
  readonly previousId: string | undefined;
  hash: string;
  /** As the app gave it, with the block ids that Slack adds. */
  view: JsonObject;
}

/** Where a message stands: enough to click on it. */
export interface MessageRef {
  readonly channel: string;
  readonly ts: string;
  /** As a person sees it; given when their window shows an older state than the channel's. */
  readonly blocks?: readonly JsonObject[];
}

/** What was asked of the Web API, in order. */
export interface ApiRequest {
  readonly number: number;
  readonly method: string;
  readonly args: JsonObject;
  readonly at: number;
  /** Slack's error word, `http 500` and the like, or undefined when it was served. */
  refused?: string;
}
