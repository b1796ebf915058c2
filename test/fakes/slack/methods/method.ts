import type { Handed } from '../handed.ts';
import type { JsonObject } from '../kinds.ts';
import type { Links } from '../links.ts';
import type { World } from '../world.ts';

/** What a method works on. */
export interface Slack {
  readonly world: World;
  /** What the installed app may do. */
  readonly scopes: Set<string>;
  readonly handed: Handed;
  readonly links: Links;
  /** Oddities that Slack lets pass but advises against. */
  readonly advice: string[];
}

/** Calls a minute: per method, workspace and app. `post` counts per channel, `many` is some hundreds. */
export type Tier = 1 | 2 | 3 | 4 | 'post' | 'many';

export interface Method {
  readonly tier: Tier;
  /** Any one of them suffices. */
  readonly scopes?: readonly string[];
  /** The bot's when left out. */
  readonly token?: 'app' | 'any';
  run(args: JsonObject, slack: Slack): JsonObject;
}

export type Methods = Readonly<Record<string, Method>>;
