import { z } from 'zod';
import { defineCommand } from '../src/chat/command.ts';
import type { ServerContext } from './server-context.ts';

export const web = defineCommand({
  word: 'web',
  summary: 'Show where the page is, with a link that logs you in to it once',
  group: 'Look',
  input: z.object({}),
  positional: [],
  labels: {},
  async run({ linkFor, person }: ServerContext) {
    const { page, login, until } = await linkFor(person);
    return {
      text: `This link logs ${person.name} in to the page, once and within ten minutes.`,
      tone: 'info',
      fields: [
        ['Log in', login],
        ['Page', page],
      ],
      json: { person: person.name, page, login, until: until.toISOString() },
      hint: 'Whoever opens the link first is you: hand it to nobody.',
    };
  },
});
