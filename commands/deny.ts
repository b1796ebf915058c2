import { z } from 'zod';
import { defineCommand } from '../src/chat/command.ts';
import { answerDecision } from './answers.ts';
import type { CommandContext } from './context.ts';

export const deny = defineCommand({
  word: 'deny',
  summary: 'Deny what another person asked for, with a reason',
  group: 'Decide',
  input: z.object({ request: z.string().min(1), reason: z.string().max(300).optional() }),
  positional: ['request'],
  labels: { request: 'The request, as shown by status', reason: 'Why not (needed)' },
  async run({ orchestrator, person }: CommandContext, { request, reason }) {
    return answerDecision(await orchestrator.decide(person, { request, approves: false, reason }), false);
  },
});
