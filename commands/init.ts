import { z } from 'zod';
import { defineCommand } from '../src/chat/command.ts';
import { personName } from '../src/records/person.ts';
import { workspaceName } from '../src/records/workspace.ts';
import type { DeployerContext } from './deployer.ts';

export const init = defineCommand({
  word: 'init',
  summary:
    'Write a folder, or a namespace of a cluster, into a commented cml.yaml, create its repository, passwords and recovery sheet',
  group: 'For the deployer',
  input: z.object({
    folder: z.string().min(1),
    workspace: workspaceName.optional(),
    repository: z.string().min(1).optional(),
    approver: personName.optional(),
    platform: z.enum(['local', 'kubernetes']).default('local'),
    kubeconfig: z.string().min(1).optional(),
    context: z.string().min(1).optional(),
    image: z.string().min(1).optional(),
  }),
  positional: ['folder'],
  labels: {
    folder: 'The folder to protect; with --platform kubernetes, the namespace of the workspace',
    workspace: 'What to call the workspace; the folder’s own name when left out',
    repository: 'Where backups are kept; a folder beside cml.yaml when left out; on a cluster one that pods reach',
    approver: 'Who approves restores, another person than you; gets a token unless known already',
    platform: 'Where the workspace stands',
    kubeconfig: 'Which cluster; the usual kubeconfig when left out',
    context: 'Which context of the kubeconfig',
    image: 'The image of cml-backup that movers and the guard run in; CML_IMAGE when left out',
  },
  run: ({ init }: DeployerContext, input) => init(input),
});
