import { z } from 'zod';
import { defineCommand } from '../src/chat/command.ts';
import { duration } from '../src/records/time.ts';
import { workspaceName } from '../src/records/workspace.ts';
import { answerRequest, answerRestorePlan } from './answers.ts';
import type { CommandContext } from './context.ts';

export const restore = defineCommand({
  word: 'restore',
  summary: 'Ask for a workspace to be brought back from a backup; another person approves',
  group: 'Back up and restore',
  input: z.object({
    backup: z.string().min(1),
    only: z.array(z.string().min(1)).optional().meta({ placeholder: 'path' }),
    to: workspaceName.optional(),
    reason: z.string().max(300).optional(),
    notice: duration.optional(),
    now: z.boolean().default(false),
    dryRun: z.boolean().default(false),
    confirm: z.string().optional(),
    wait: z.boolean().default(false),
  }),
  positional: ['backup'],
  labels: {
    backup: 'Its id, its name, or a workspace (its newest completed backup)',
    only: 'Bring back only this: a part and a path in it, projects/alice/notes.ipynb; may be repeated',
    to: 'Bring it back into another workspace',
    notice: 'Warn people this long before services stop',
    now: 'Do not wait: services stop as soon as all is prepared',
    reason: 'Why (the approver will read it)',
    dryRun: 'Only show what would be overwritten',
    confirm: 'The name of the workspace that is overwritten, instead of typing it when asked',
    wait: 'Wait for the decision and follow the restore to its end',
  },
  async run({ orchestrator, person }: CommandContext, input) {
    const { backup, only, to, reason, confirm } = input;
    if (input.dryRun) return answerRestorePlan((await orchestrator.planRestore(person, { backup, only, to })).plan);
    const wish = { backup, only, to, reason, confirm, noticeMs: input.now ? 0 : input.notice };
    return answerRequest(await orchestrator.requestRestore(person, wish), input.wait);
  },
});
