import { z } from 'zod';
import { defineCommand } from '../src/chat/command.ts';
import { writeMoment } from '../src/chat/messages/words.ts';
import { duration } from '../src/records/time.ts';
import type { CommandContext } from './context.ts';

export const postpone = defineCommand({
  word: 'postpone',
  summary: 'Let services stop later than announced, or at once',
  group: 'Steer',
  input: z.object({ subject: z.string().min(1), by: duration.default(1_800_000), now: z.boolean().default(false) }),
  positional: ['subject', 'by'],
  labels: {
    subject: 'The operation or its workspace',
    by: 'How much later; 30m when left out',
    now: 'Wait no longer: services stop at once',
  },
  async run({ orchestrator, person }: CommandContext, { subject, by, now }) {
    const stopsAt = await orchestrator.postpone(person, subject, now ? 'now' : by);
    return {
      text: now ? 'Services stop now.' : `Postponed: services stop at ${writeMoment(stopsAt)}.`,
      tone: 'good' as const,
      json: { stopsAt: stopsAt.toISOString() },
    };
  },
});
