import { z } from 'zod';
import { defineCommand } from '../src/chat/command.ts';
import { answerStarted } from './answers.ts';
import type { CommandContext } from './context.ts';

export const verify = defineCommand({
  word: 'verify',
  summary: 'Bring a backup back into a scratch place and compare; services are not touched',
  group: 'Back up and restore',
  input: z.object({ backup: z.string().min(1) }),
  positional: ['backup'],
  labels: { backup: 'Its id, its name, or a workspace (its newest completed backup)' },
  async run({ orchestrator, person }: CommandContext, { backup }) {
    return answerStarted((await orchestrator.requestVerify(person, backup)).view());
  },
});
