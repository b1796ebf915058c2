/** What the programs of pods wrote, by the pod's uid and the container, as long as the double lives. */
export interface PodLogs {
  append(uid: string, container: string, text: string): void;
  end(uid: string, container: string): void;
  read(uid: string, container: string): string;
  /** Lines with the time at which each was written, to the nanosecond as a container runtime notes it. */
  lines(uid: string, container: string): readonly WrittenLine[];
  hasEnded(uid: string, container: string): boolean;
  /** Calls after every line that comes, and at the end. */
  listen(uid: string, container: string, heard: () => void): () => void;
}

export interface WrittenLine {
  readonly at: string;
  readonly line: string;
}

interface Written {
  readonly lines: WrittenLine[];
  hasEnded: boolean;
  readonly listeners: Set<() => void>;
}

export function createPodLogs(now: () => Date): PodLogs {
  const logs = new Map<string, Written>();
  const of = (uid: string, container: string) => {
    const key = `${uid}/${container}`;
    const log = logs.get(key) ?? { lines: [], hasEnded: false, listeners: new Set<() => void>() };
    logs.set(key, log);
    return log;
  };
  const wake = ({ listeners }: Written) => {
    for (const heard of [...listeners]) heard();
  };
  return {
    append(uid, container, text) {
      const log = of(uid, container);
      const at = now().toISOString().replace('Z', '000000Z');
      for (const line of text.replace(/\n$/, '').split('\n')) log.lines.push({ at, line });
      wake(log);
    },
    end(uid, container) {
      const log = of(uid, container);
      log.hasEnded = true;
      wake(log);
    },
    read: (uid, container) =>
      of(uid, container)
        .lines.map(({ line }) => `${line}\n`)
        .join(''),
    lines: (uid, container) => of(uid, container).lines,
    hasEnded: (uid, container) => of(uid, container).hasEnded,
    listen(uid, container, heard) {
      const { listeners } = of(uid, container);
      listeners.add(heard);
      return () => void listeners.delete(heard);
    },
  };
}
