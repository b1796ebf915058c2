import { z } from 'zod';
import { defineCommand } from '../src/chat/command.ts';
import { UserError } from '../src/errors.ts';
import { workspaceName } from '../src/records/workspace.ts';
import { answerOperations } from './answer-operations.ts';
import { answerRetention } from './answer-retention.ts';
import { answerBackups } from './answers.ts';
import type { CommandContext } from './context.ts';

export const list = defineCommand({
  word: 'list',
  summary: 'List backups, or operations and how they ended; newest first',
  group: 'Look',
  input: z.object({
    workspace: workspaceName.optional(),
    operations: z.boolean().default(false),
    retention: z.boolean().default(false),
    limit: z.number().int().min(1).max(10_000).default(50),
  }),
  positional: ['workspace'],
  labels: {
    workspace: 'Only of this workspace',
    operations: 'List what was done, also what failed or was cancelled, instead of backups',
    retention: 'Say of each backup of a workspace whether the rules of retention keep it, and why; nothing is removed',
    limit: 'At most this many',
  },
  async run({ orchestrator }: CommandContext, { operations, retention, ...filter }) {
    if (retention)
      return answerRetention(await orchestrator.planRetention(oneOf(filter.workspace)), oneOf(filter.workspace));
    if (operations) return answerOperations(await orchestrator.listOperations(filter), filter.workspace);
    const { workspace } = filter;
    return answerBackups(await orchestrator.listBackups(filter), workspace, await orchestrator.freshness(workspace));
  },
});

function oneOf(workspace: string | undefined): string {
  if (workspace !== undefined) return workspace;
  throw new UserError('bad-input', 'Each workspace has rules of its own.', { hint: 'Name the workspace.' });
}
