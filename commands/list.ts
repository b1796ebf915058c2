import { z } from 'zod';
import { defineCommand } from '../src/chat/command.ts';
import { workspaceName } from '../src/records/workspace.ts';
import { answerBackups } from './answers.ts';
import type { CommandContext } from './context.ts';

export const list = defineCommand({
  word: 'list',
  summary: 'List backups, newest first',
  group: 'Look',
  input: z.object({ workspace: workspaceName.optional(), limit: z.number().int().min(1).max(10_000).default(50) }),
  positional: ['workspace'],
  labels: { workspace: 'Only of this workspace', limit: 'At most this many' },
  async run({ orchestrator }: CommandContext, filter) {
    return answerBackups(await orchestrator.listBackups(filter), filter.workspace);
  },
});
