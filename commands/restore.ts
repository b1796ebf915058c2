import { z } from 'zod';
import { defineCommand } from '../src/chat/command.ts';
import { answerRequest, answerRestorePlan } from './answers.ts';
import type { CommandContext } from './context.ts';

export const restore = defineCommand({
  word: 'restore',
  summary: 'Ask for a workspace to be brought back from a backup; another person approves',
  group: 'Back up and restore',
  input: z.object({
    backup: z.string().min(1),
    reason: z.string().max(300).optional(),
    dryRun: z.boolean().default(false),
    confirm: z.string().optional(),
    wait: z.boolean().default(false),
  }),
  positional: ['backup'],
  labels: {
    backup: 'Its id, its name, or a workspace (its newest completed backup)',
    reason: 'Why (the approver will read it)',
    dryRun: 'Only show what would be overwritten',
    confirm: 'The workspace’s name, instead of typing it when asked',
    wait: 'Wait for the decision and follow the restore to its end',
  },
  async run({ orchestrator, person }: CommandContext, input) {
    if (input.dryRun) {
      const { plan } = await orchestrator.planRestore(input.backup);
      return answerRestorePlan(plan);
    }
    const { backup, reason, confirm } = input;
    return answerRequest(await orchestrator.requestRestore(person, { backup, reason, confirm }), input.wait);
  },
});
