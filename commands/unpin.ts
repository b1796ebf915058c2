import { z } from 'zod';
import { defineCommand } from '../src/chat/command.ts';
import { asJson } from './answers.ts';
import type { CommandContext } from './context.ts';

export const unpin = defineCommand({
  word: 'unpin',
  summary: 'Take away the pin of a backup',
  group: 'Keep and remove',
  input: z.object({ backup: z.string().min(1) }),
  positional: ['backup'],
  labels: { backup: 'Its id or its name' },
  async run({ orchestrator, person }: CommandContext, { backup }) {
    const unpinned = await orchestrator.setPin(person, backup, { pinned: false });
    return { text: `${unpinned.id} is not pinned.`, tone: 'good' as const, json: asJson({ backup: unpinned }) };
  },
});
