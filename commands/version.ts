import { z } from 'zod';
import { defineCommand } from '../src/chat/command.ts';
import type { DeployerContext } from './deployer.ts';

export const version = defineCommand({
  word: 'version',
  summary: 'Show the versions of cml-backup, restic and Node',
  group: 'For the deployer',
  input: z.object({}),
  positional: [],
  labels: {},
  run: ({ showVersion }: DeployerContext) => showVersion(),
});
