import { z } from 'zod';
import { defineCommand } from '../src/chat/command.ts';
import type { DeployerContext } from './deployer.ts';

export const config = defineCommand({
  word: 'config',
  summary: 'Check cml.yaml and show what it means, without secrets',
  group: 'For the deployer',
  input: z.object({}),
  positional: [],
  labels: {},
  run: ({ showConfig }: DeployerContext) => showConfig(),
});
