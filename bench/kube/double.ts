import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Driver, Waits } from '../../test/fakes/kube-api/controllers/storage.ts';
import type { Delays } from '../../test/fakes/kube-api/controllers/world.ts';
import type { OtherRequest, SeenRequest } from '../../test/fakes/kube-api/double.ts';
import { type BenchWorld, MARK } from '../world.ts';

const MAIN = fileURLToPath(import.meta.url).replace(/double(\.[jt]s)$/, 'double-main$1');

export interface DoubleWish {
  /** Where all of it lies; on btrfs snapshots are those of the file system. */
  readonly folder: string;
  readonly emptyRepository: string;
  readonly password: string;
  /** Of pods that really run. */
  readonly environment: Readonly<Record<string, string>>;
  /** Absent: one workspace as it stands on ECS with Longhorn, with few services. */
  readonly many?: { readonly count: number; readonly moversAtOnce: number };
}

export interface StartedDouble {
  readonly kubeconfig: string;
  /** Folders by part, of each workspace. */
  readonly workspaces: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Locations. */
  readonly repositories: Readonly<Record<string, string>>;
}

/** How long things take in the cluster, in ms. */
export interface Pace {
  readonly pods?: Partial<Delays>;
  readonly volumes?: Partial<Waits>;
  readonly snapshots?: Partial<Pick<Driver, 'snapshotMs' | 'readyMs'>>;
}

export type Asked = { readonly word: 'requests' } | { readonly word: 'failures' } | ({ readonly word: 'pace' } & Pace);

export interface Answer {
  readonly now?: number;
  readonly requests?: readonly SeenRequest[];
  readonly others?: readonly OtherRequest[];
  readonly failures?: readonly string[];
}

export interface SeenRequests {
  readonly requests: readonly SeenRequest[];
  readonly others: readonly OtherRequest[];
}

/** A double of a cluster in a process of its own. */
export interface RunningDouble extends StartedDouble {
  readonly pid: number;
  /** Everything that was asked of its server so far. */
  seen(): Promise<SeenRequests>;
  pace(pace: Pace): Promise<void>;
  end(): Promise<void>;
}

export async function startDouble(
  world: BenchWorld,
  wish: Pick<DoubleWish, 'folder' | 'many'>,
): Promise<RunningDouble> {
  const environment = { [MARK]: world.rooms };
  const { emptyRepository, passwordFile } = world;
  const password = readFileSync(passwordFile, 'utf8').trim();
  const whole: DoubleWish = { ...wish, environment, emptyRepository, password };
  const child = fork(MAIN, [JSON.stringify(whole)], {
    env: { ...process.env, ...environment },
    serialization: 'advanced',
  });
  const ended = once(child, 'exit').then(() => {
    throw new Error('the double of the cluster ended');
  });
  ended.catch(() => {});
  const first = new Promise<StartedDouble>((resolve) =>
    child.once('message', (message: { started: StartedDouble }) => resolve(message.started)),
  );
  const started = await Promise.race([first, ended]);
  let count = 0;
  const ask = (asked: Asked): Promise<Answer> => {
    count += 1;
    const id = count;
    const answered = new Promise<Answer>((resolve) => {
      const hear = (message: Answer & { readonly id?: number }) => {
        if (message.id !== id) return;
        child.off('message', hear);
        resolve(message);
      };
      child.on('message', hear);
    });
    child.send({ id, asked });
    return Promise.race([answered, ended]);
  };
  return {
    ...started,
    pid: child.pid ?? 0,
    async seen() {
      const { requests = [], others = [] } = await ask({ word: 'requests' });
      return { requests, others };
    },
    pace: async (pace) => void (await ask({ word: 'pace', ...pace })),
    async end() {
      child.disconnect();
      await ended.catch(() => {});
    },
  };
}
