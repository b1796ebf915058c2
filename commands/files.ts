import { z } from 'zod';
import type { Answer } from '../src/chat/answer.ts';
import { defineCommand } from '../src/chat/command.ts';
import { UserError } from '../src/errors.ts';
import { answerFile, answerFolder } from './answer-files.ts';
import type { CommandContext } from './context.ts';

export const files = defineCommand({
  word: 'files',
  summary: 'Look into the shared folders of a backup, or save one file of it',
  group: 'Look',
  input: z.object({
    backup: z.string().min(1),
    path: z.string().max(4_096).optional(),
    from: z.number().int().min(1).default(1),
    save: z.string().min(1).optional(),
  }),
  positional: ['backup', 'path'],
  labels: {
    backup: 'Its id, its name, or a workspace (its newest completed backup)',
    path: 'A folder, such as projects/alice; the shared folders themselves when left out',
    from: 'Begin with the entry of this number, in a folder of many',
    save: 'Save the file at the path as this file of yours; on the terminal only',
  },
  async run({ orchestrator, person }: CommandContext, { backup, path, from, save }): Promise<Answer> {
    if (save === undefined) {
      return answerFolder(await orchestrator.browseBackup(person, { backup, path, from: from - 1 }));
    }
    if (person.proof === 'slack') {
      throw new UserError('bad-input', 'Files of a backup are not sent to Slack.', {
        hint: 'Download it from the page, or with cml on a terminal.',
      });
    }
    if (path === undefined)
      throw new UserError('bad-input', 'One file is saved at a time.', { hint: 'Name its path.' });
    return answerFile(await orchestrator.findFile(person, { backup, path }), save);
  },
});
