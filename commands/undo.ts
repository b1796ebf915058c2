import { z } from 'zod';
import { defineCommand } from '../src/chat/command.ts';
import { duration } from '../src/records/time.ts';
import { answerRequest, answerUndoPlan } from './answers.ts';
import type { CommandContext } from './context.ts';

export const undo = defineCommand({
  word: 'undo',
  summary: 'Ask for what a restore displaced to be brought back; another person approves',
  group: 'Back up and restore',
  input: z.object({
    operation: z.string().min(1),
    reason: z.string().max(300).optional(),
    notice: duration.optional(),
    now: z.boolean().default(false),
    dryRun: z.boolean().default(false),
    confirm: z.string().optional(),
    wait: z.boolean().default(false),
  }),
  positional: ['operation'],
  labels: {
    operation: 'The restore, or a workspace (its newest restore)',
    reason: 'Why (the approver will read it)',
    notice: 'Warn people this long before services stop',
    now: 'Do not wait: services stop as soon as all is prepared',
    dryRun: 'Only show what would be overwritten',
    confirm: 'The workspace’s name, instead of typing it when asked',
    wait: 'Wait for the decision and follow the undo to its end',
  },
  async run({ orchestrator, person }: CommandContext, input) {
    const { operation, reason, confirm } = input;
    if (input.dryRun) return answerUndoPlan(await orchestrator.planUndo(operation));
    const wish = { operation, reason, confirm, noticeMs: input.now ? 0 : input.notice };
    return answerRequest(await orchestrator.requestUndo(person, wish), input.wait);
  },
});
