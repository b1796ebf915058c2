import { z } from 'zod';
import { defineCommand } from '../src/chat/command.ts';
import { personName } from '../src/records/person.ts';
import { workspaceName } from '../src/records/workspace.ts';
import type { DeployerContext } from './deployer.ts';

export const init = defineCommand({
  word: 'init',
  summary: 'Write a folder into a commented cml.yaml, create its repository, passwords and recovery sheet',
  group: 'For the deployer',
  input: z.object({
    folder: z.string().min(1),
    workspace: workspaceName.optional(),
    repository: z.string().min(1).optional(),
    approver: personName.optional(),
  }),
  positional: ['folder'],
  labels: {
    folder: 'The folder to protect',
    workspace: 'What to call the workspace; the folder’s own name when left out',
    repository: 'Where backups are kept; a folder beside cml.yaml when left out',
    approver: 'Who approves restores, another person than you; gets a token unless known already',
  },
  run: ({ init }: DeployerContext, input) => init(input),
});
