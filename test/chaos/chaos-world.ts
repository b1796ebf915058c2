import { setTimeout as wait } from 'node:timers/promises';
import type { Operation } from '../../src/records/operation.ts';
import type { ChaosWorkspace } from './chaos-workspace.ts';
import { readOpen, readRequests } from './journals.ts';
import type { Course } from './moment.ts';
import type { Restic } from './restic.ts';
import type { Server } from './server.ts';
import type { ServiceWatch } from './service-watch.ts';
import type { Words } from './words.ts';

/** What is played here. A restore in place needs a full disk; the crash matrix plays that one. */
export const CHAOS_KINDS = ['backup', 'restore', 'undo', 'delete', 'verify'] as const;
export type ChaosKind = (typeof CHAOS_KINDS)[number];

/** What every part of the run works with. */
export interface ChaosWorld {
  readonly seed: number;
  readonly workspace: ChaosWorkspace;
  readonly server: Server;
  readonly words: Words;
  readonly restic: Restic;
  readonly watch: ServiceWatch;
  /** How an operation that nobody disturbs goes: learned from the first of each kind, and from later ones. */
  readonly courses: Record<ChaosKind, Course>;
  readonly say: (line: string) => void;
}

/** One thing that was tried, and what was wrong with it. */
export interface Trial {
  readonly name: string;
  readonly problems: readonly string[];
  /** Where each kill struck. */
  readonly moments: readonly string[];
  readonly kind?: ChaosKind;
  readonly operation?: Operation | undefined;
  /** How long services stayed down after a restart, in ms. */
  readonly recoveryMs?: number | undefined;
}

/** Services are up within this time after a restart. */
export const UP_WITHIN_MS = 10_000;
/** Every operation has ended within this time after the last restart. */
export const ENDED_WITHIN_MS = 90_000;

/** Waits until the server answers, nothing is open and nothing waits for its turn. Answers what kept it from that. */
export async function settle({ workspace, server, words }: ChaosWorld): Promise<string[]> {
  const until = Date.now() + ENDED_WITHIN_MS;
  for (;;) {
    const complaint = server.complaint();
    if (complaint !== undefined) return [complaint];
    // In this order: once the server answers, whatever it found open or waiting has been taken up.
    if ((await words.isHeard()) && (await isIdle(workspace))) return [];
    if (Date.now() > until) {
      const open = (await readOpen(workspace)).map(({ id }) => id).join(', ');
      return [`not settled within ${ENDED_WITHIN_MS / 1_000} s of the last restart; open: ${open || 'nothing'}`];
    }
    await wait(100);
  }
}

async function isIdle(workspace: ChaosWorkspace): Promise<boolean> {
  const waiting = (await readRequests(workspace)).filter(({ status }) => status === 'approved');
  return waiting.length === 0 && (await readOpen(workspace)).length === 0;
}

export function writeSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
