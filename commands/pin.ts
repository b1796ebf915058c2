import { z } from 'zod';
import { defineCommand } from '../src/chat/command.ts';
import { asJson } from './answers.ts';
import type { CommandContext } from './context.ts';

export const pin = defineCommand({
  word: 'pin',
  summary: 'Keep a backup for ever',
  group: 'Keep and remove',
  input: z.object({ backup: z.string().min(1), reason: z.string().max(300).optional() }),
  positional: ['backup'],
  labels: { backup: 'Its id or its name', reason: 'Why it is kept' },
  async run({ orchestrator, person }: CommandContext, { backup, reason }) {
    const pinned = await orchestrator.setPin(person, backup, { pinned: true, reason });
    return {
      text: `${pinned.id} is pinned: nothing removes it until someone takes the pin away.`,
      tone: 'good' as const,
      json: asJson({ backup: pinned }),
      hint: `Take it away: cml unpin ${pinned.id}`,
    };
  },
});
