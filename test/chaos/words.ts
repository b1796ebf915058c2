import { join } from 'node:path';
import { z } from 'zod';
import { createTerminalClient } from '../../src/chat/terminal/client.ts';
import { systemClock } from '../../src/clock.ts';
import type { ChaosWorkspace } from './chaos-workspace.ts';

/** What people say to the server, over its socket. No word starts a server here: that is for the run to do. */
export interface Words {
  isHeard(): Promise<boolean>;
  start(): Promise<void>;
  backup(): Promise<void>;
  verify(backupId: string): Promise<void>;
  /** Alice asks for what needs an approval; answers the request's id. */
  askFor(wish: ApprovedWish): Promise<string>;
  /** Bob approves. */
  approve(requestId: string): Promise<void>;
  withdraw(requestId: string): Promise<void>;
}

/** What another person has to approve, and what it is about. */
export type ApprovedWish =
  | { readonly kind: 'restore' | 'delete'; readonly backupId: string }
  | { readonly kind: 'undo'; readonly undoes: string };

const requested = z.object({ request: z.object({ id: z.string() }) });

export function createWords(workspace: ChaosWorkspace): Words {
  // A client anew for each word, as for people: one that knew the server before may not know the next one.
  const client = () =>
    createTerminalClient({
      socketPath: join(workspace.data, 'control.sock'),
      noncesFolder: join(workspace.data, 'nonces'),
      clock: systemClock,
    });
  const say = (name: string, word: string, input: Record<string, unknown>) =>
    client().say({ as: { name }, word, input });
  return {
    async isHeard() {
      try {
        await client().hello();
        return true;
      } catch {
        return false; // not there, or not yet
      }
    },
    start: async () => void (await say('alice', 'start', { workspace: workspace.name })),
    backup: async () => void (await say('alice', 'backup', { workspace: workspace.name })),
    verify: async (backup) => void (await say('alice', 'verify', { backup })),
    async askFor(wish) {
      const subject = wish.kind === 'undo' ? { operation: wish.undoes } : { backup: wish.backupId };
      const { json } = await say('alice', wish.kind, { ...subject, confirm: workspace.name });
      return requested.parse(json).request.id;
    },
    approve: async (request) => void (await say('bob', 'approve', { request })),
    withdraw: async (request) => void (await say('alice', 'cancel', { subject: request })),
  };
}
