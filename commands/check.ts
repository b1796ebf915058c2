import { z } from 'zod';
import { defineCommand } from '../src/chat/command.ts';
import { workspaceName } from '../src/records/workspace.ts';
import { answerFindings } from './answers.ts';
import type { CommandContext } from './context.ts';

export const check = defineCommand({
  word: 'check',
  summary: 'Look at everything a backup and a restore will need; disturbs nobody',
  group: 'Look',
  input: z.object({ workspace: workspaceName }),
  positional: ['workspace'],
  labels: { workspace: 'The workspace' },
  async run({ orchestrator }: CommandContext, { workspace }) {
    return answerFindings(workspace, await orchestrator.checkWorkspace(workspace));
  },
});
