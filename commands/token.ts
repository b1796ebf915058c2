import { z } from 'zod';
import { defineCommand } from '../src/chat/command.ts';
import { personName } from '../src/records/person.ts';
import type { DeployerContext } from './deployer.ts';

export const token = defineCommand({
  word: 'token',
  summary: 'Make a new token for a person, show it once, and write its hash into cml.yaml',
  group: 'For the deployer',
  input: z.object({ person: personName }),
  positional: ['person'],
  labels: { person: 'Who stands under "people" in cml.yaml; a token they had before is worth nothing then' },
  run: ({ makeToken }: DeployerContext, { person }) => makeToken(person),
});
