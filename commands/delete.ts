import { z } from 'zod';
import { defineCommand } from '../src/chat/command.ts';
import { answerDeletePlan, answerRequest } from './answers.ts';
import type { CommandContext } from './context.ts';

export const deleteWord = defineCommand({
  word: 'delete',
  summary: 'Ask for a backup to be removed for ever; another person approves',
  group: 'Keep and remove',
  input: z.object({
    backup: z.string().min(1),
    reason: z.string().max(300).optional(),
    dryRun: z.boolean().default(false),
    confirm: z.string().optional(),
    wait: z.boolean().default(false),
  }),
  positional: ['backup'],
  labels: {
    backup: 'Its id or its name',
    reason: 'Why (the approver will read it)',
    dryRun: 'Only show what would be removed',
    confirm: 'The workspace’s name, instead of typing it when asked',
    wait: 'Wait for the decision and follow the deletion to its end',
  },
  async run({ orchestrator, person }: CommandContext, input) {
    if (input.dryRun) return answerDeletePlan(await orchestrator.planDelete(input.backup));
    const { backup, reason, confirm } = input;
    return answerRequest(await orchestrator.requestDelete(person, { backup, reason, confirm }), input.wait);
  },
});
