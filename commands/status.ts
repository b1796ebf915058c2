import { z } from 'zod';
import { defineCommand } from '../src/chat/command.ts';
import { answerSubject } from './answer-status.ts';
import type { CommandContext } from './context.ts';

export const status = defineCommand({
  word: 'status',
  summary: 'Show what runs, what waits for a decision, and whether services are up',
  group: 'Look',
  input: z.object({ subject: z.string().min(1).optional(), follow: z.boolean().default(false) }),
  positional: ['subject'],
  labels: {
    subject: 'A workspace, operation, request or backup; everything when left out',
    follow: 'Stay with a running operation until it ends',
  },
  async run({ orchestrator }: CommandContext, { subject, follow }) {
    return answerSubject(await orchestrator.lookAt(subject), follow);
  },
});
