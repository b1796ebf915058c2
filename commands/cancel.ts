import { z } from 'zod';
import { defineCommand } from '../src/chat/command.ts';
import type { CommandContext } from './context.ts';

export const cancel = defineCommand({
  word: 'cancel',
  summary: 'Cancel a running operation, or take back a request of your own',
  group: 'Steer',
  input: z.object({ subject: z.string().min(1), reason: z.string().max(300).optional() }),
  positional: ['subject'],
  labels: { subject: 'The operation, its workspace, or your request', reason: 'Why (people will read it)' },
  async run({ orchestrator, person }: CommandContext, { subject, reason }) {
    const done = await orchestrator.cancel(person, subject, reason);
    if ('request' in done) {
      const { id, status } = done.request;
      return { text: `${id} was taken back.`, tone: 'good' as const, json: { request: { id, status } } };
    }
    const { id, workspace } = done.operation;
    return {
      text: `${id} is being cancelled; services of ${workspace} come up first if they are down.`,
      tone: 'info' as const,
      json: { operation: { id, workspace } },
      hint: `See the end of it: cml status ${id}`,
    };
  },
});
