import { z } from 'zod';
import { defineCommand } from '../src/chat/command.ts';
import { answerDecision } from './answers.ts';
import type { CommandContext } from './context.ts';

export const approve = defineCommand({
  word: 'approve',
  summary: 'Approve what another person asked for',
  group: 'Decide',
  input: z.object({
    request: z.string().min(1),
    reason: z.string().max(300).optional(),
    acceptIncomplete: z.boolean().default(false),
    breakGlass: z.boolean().default(false),
    wait: z.boolean().default(false),
  }),
  positional: ['request'],
  labels: {
    request: 'The request, as shown by status',
    reason: 'A remark for the record; with break-glass what cannot wait, and why',
    acceptIncomplete: 'The backup lacks what the request names; restore it all the same',
    breakGlass: 'Approve alone in an emergency, also your own request: everyone is told at once',
    wait: 'Follow it to its end',
  },
  async run({ orchestrator, person }: CommandContext, input) {
    const { request, reason, acceptIncomplete: acceptsIncomplete, breakGlass, wait } = input;
    const decision = { request, approves: true, reason, acceptsIncomplete, breakGlass };
    return answerDecision(await orchestrator.decide(person, decision), wait);
  },
});
