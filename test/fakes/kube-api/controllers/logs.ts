import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the programs of pods wrote, by the pod's uid and the container, as long as the double lives. */
export interface PodLogs {
  append(uid: string, container: string, text: string): void;
  end(uid: string, container: string): void;
  read(uid: string, container: string): string;
  /** Calls with all that is there and all that comes; answers when the container has ended. */
  follow(uid: string, container: string, onText: (text: string) => void, signal?: AbortSignal): Promise<void>;
}

export function createPodLogs(folder: string): PodLogs {
  mkdirSync(folder, { recursive: true });
  const ended = new Set<string>();
  const followers = new Map<string, Set<{ text: (text: string) => void; end: () => void }>>();
  const keyOf = (uid: string, container: string) => `${uid}_${container}.log`;
  const read = (key: string) => (existsSync(join(folder, key)) ? readFileSync(join(folder, key), 'utf8') : '');
  return {
    append(uid, container, text) {
      const key = keyOf(uid, container);
      appendFileSync(join(folder, key), text);
      for (const follower of followers.get(key) ?? []) follower.text(text);
    },
    end(uid, container) {
      const key = keyOf(uid, container);
      ended.add(key);
      for (const follower of followers.get(key) ?? []) follower.end();
    },
    read: (uid, container) => read(keyOf(uid, container)),
    follow: (uid, container, onText, signal) =>
      new Promise((resolve) => {
        const key = keyOf(uid, container);
        const text = read(key);
        if (text !== '') onText(text);
        if (ended.has(key) || signal?.aborted) return resolve();
        const set = followers.get(key) ?? new Set();
        followers.set(key, set);
        const end = () => {
          set.delete(follower);
          signal?.removeEventListener('abort', end);
          resolve();
        };
        const follower = { text: onText, end };
        signal?.addEventListener('abort', end);
        set.add(follower);
      }),
  };
}
