import { z } from 'zod';
import { defineCommand } from '../src/chat/command.ts';
import { duration } from '../src/records/time.ts';
import { chosenCapture, workspaceName } from '../src/records/workspace.ts';
import { answerBackupPlan, answerStarted } from './answers.ts';
import type { CommandContext } from './context.ts';

export const backup = defineCommand({
  word: 'backup',
  summary: 'Back up a workspace; services are down only for the cut',
  group: 'Back up and restore',
  input: z.object({
    workspace: workspaceName,
    name: z.string().min(1).max(60).optional(),
    reason: z.string().max(300).optional(),
    timeout: duration.optional(),
    notice: duration.optional(),
    now: z.boolean().default(false),
    capture: chosenCapture.optional(),
    dryRun: z.boolean().default(false),
  }),
  positional: ['workspace'],
  labels: {
    workspace: 'The workspace',
    name: 'A name to find it by',
    reason: 'Why (people will read it)',
    timeout: 'Give up after this long; services come up, nothing is recorded',
    notice: 'Warn people this long before services stop',
    now: 'Do not wait: services stop as soon as all is prepared',
    capture: 'Capture all parts this way',
    dryRun: 'Only show what would be done',
  },
  async run({ orchestrator, person }: CommandContext, input) {
    const wish = {
      workspace: input.workspace,
      name: input.name,
      reason: input.reason,
      timeoutMs: input.timeout,
      noticeMs: input.now ? 0 : input.notice,
      capture: input.capture,
    };
    if (input.dryRun) return answerBackupPlan(await orchestrator.planBackup(wish));
    return answerStarted((await orchestrator.requestBackup(person, wish)).view());
  },
});
