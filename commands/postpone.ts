import { z } from 'zod';
import { defineCommand } from '../src/chat/command.ts';
import { writeMoment } from '../src/chat/messages/words.ts';
import { duration } from '../src/records/time.ts';
import type { CommandContext } from './context.ts';

export const postpone = defineCommand({
  word: 'postpone',
  summary: 'Let services stop later than announced',
  group: 'Steer',
  input: z.object({ subject: z.string().min(1), by: duration.default(1_800_000) }),
  positional: ['subject', 'by'],
  labels: { subject: 'The operation or its workspace', by: 'How much later; 30m when left out' },
  async run({ orchestrator, person }: CommandContext, { subject, by }) {
    const stopsAt = await orchestrator.postpone(person, subject, by);
    return {
      text: `Postponed: services stop at ${writeMoment(stopsAt)}.`,
      tone: 'good' as const,
      json: { stopsAt: stopsAt.toISOString() },
    };
  },
});
