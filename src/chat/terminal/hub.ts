import { endsFollowing, type FollowEvent } from './protocol.ts';

export interface Topic {
  readonly operationId?: string;
  readonly requestId?: string;
  /** Whatever is told of anything, for who wants to know only that something is; never ends by itself. */
  readonly all?: true;
}

/** Hands views and messages to whoever follows, without ever waiting for them. */
export interface Hub {
  /** Answers how many followers read it: who follows everything reads nothing of it. */
  publish(event: FollowEvent): number;
  /** Listens from this call on. Ends after the event that ends the topic, and when `signal` is aborted. */
  follow(topic: Topic, signal: AbortSignal): AsyncIterable<FollowEvent>;
}

/** Messages kept for a follower that does not read; beyond it the oldest are lost to that follower. */
const MOST_WAITING = 200;

interface Follower {
  readonly reads: boolean;
  wants(event: FollowEvent): boolean;
  push(event: FollowEvent): void;
  events(): AsyncIterable<FollowEvent>;
}

function wants(topic: Topic, event: FollowEvent): boolean {
  if (topic.all) return true;
  if (event.type === 'view') return event.view.id === topic.operationId;
  if (event.type === 'request') return event.request.id === topic.requestId;
  return event.message.operationId === undefined || event.message.operationId === topic.operationId;
}

function createFollower(topic: Topic, signal: AbortSignal, onEnd: () => void): Follower {
  const waiting: FollowEvent[] = [];
  let wake: (() => void) | undefined;
  let complete = false;
  const end = () => {
    complete = true;
    onEnd();
    wake?.();
  };
  if (signal.aborted) end();
  signal.addEventListener('abort', end, { once: true });

  return {
    reads: !topic.all,
    wants: (event) => !complete && wants(topic, event),
    push(event) {
      // Of pictures only the newest matters; messages are all kept, as far as that goes.
      const older = event.type === 'message' ? -1 : waiting.findIndex(({ type }) => type === event.type);
      if (older >= 0) waiting.splice(older, 1);
      waiting.push(event);
      if (waiting.length > MOST_WAITING)
        waiting.splice(
          waiting.findIndex(({ type }) => type === 'message'),
          1,
        );
      if (!topic.all && endsFollowing(event)) end();
      else wake?.();
    },
    async *events() {
      while (!signal.aborted) {
        const next = waiting.shift();
        if (next) yield next;
        else if (complete) return;
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    },
  };
}

export function createHub(): Hub {
  const followers = new Set<Follower>();
  return {
    publish(event) {
      const reached = [...followers].filter((follower) => follower.wants(event));
      for (const follower of reached) follower.push(event);
      return reached.filter(({ reads }) => reads).length;
    },
    follow(topic, signal) {
      const follower: Follower = createFollower(topic, signal, () => {
        // Runs at once when the signal is already aborted: there is nobody to forget then.
        queueMicrotask(() => followers.delete(follower));
      });
      followers.add(follower);
      return follower.events();
    },
  };
}
