import { z } from 'zod';
import { defineCommand } from '../src/chat/command.ts';
import type { DeployerContext } from './deployer.ts';

export const slack = defineCommand({
  word: 'slack',
  summary: 'Check tokens, scopes, channels, groups and people against the live Slack workspace',
  group: 'For the deployer',
  input: z.object({ what: z.enum(['check']) }),
  positional: ['what'],
  labels: { what: 'check: says nothing to anybody in Slack' },
  run: ({ checkSlack }: DeployerContext) => checkSlack(),
});
