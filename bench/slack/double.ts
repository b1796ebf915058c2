import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type BenchWorld, MARK } from '../world.ts';

const MAIN = fileURLToPath(import.meta.url).replace(/double(\.[jt]s)$/, 'double-main$1');

export interface SlackStarted {
  readonly apiUrl: string;
  readonly botToken: string;
  readonly appToken: string;
  readonly channel: string;
  readonly person: string;
}

export type SlackAsked = { readonly word: 'type'; readonly count: number } | { readonly word: 'look' };

export interface SlackSeen {
  /** From an envelope that was sent to its acknowledgement, in ms. */
  readonly acks?: readonly number[];
  readonly answered?: number;
  /** From the last acknowledgement to the last answer. */
  readonly answersMs?: number;
  readonly edits?: number;
  readonly posts?: number;
  /** Edits in the busiest minute. */
  readonly busiestEdits?: number;
  /** By Slack's limits. */
  readonly refusedEdits?: number;
  readonly connections?: number;
}

export interface RunningSlack extends SlackStarted {
  /** One question at a time. */
  ask(asked: SlackAsked): Promise<SlackSeen>;
  end(): Promise<void>;
}

export async function startSlack(world: BenchWorld): Promise<RunningSlack> {
  // Infinity is no JSON.
  const child = fork(MAIN, { env: { ...process.env, [MARK]: world.rooms }, serialization: 'advanced' });
  const ended = once(child, 'exit').then(() => {
    throw new Error('the double of Slack ended');
  });
  ended.catch(() => {});
  const hear = async () => (await Promise.race([once(child, 'message'), ended]))[0];
  const { started } = (await hear()) as { started: SlackStarted };
  return {
    ...started,
    async ask(asked) {
      child.send(asked);
      return ((await hear()) as { seen: SlackSeen }).seen;
    },
    async end() {
      child.disconnect();
      await ended.catch(() => {});
    },
  };
}
