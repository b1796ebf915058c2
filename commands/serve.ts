import { z } from 'zod';
import { defineCommand } from '../src/chat/command.ts';
import { duration } from '../src/records/time.ts';
import type { DeployerContext } from './deployer.ts';

export const serve = defineCommand({
  word: 'serve',
  summary: 'Run the server in the foreground; other words start one when none runs',
  group: 'For the deployer',
  input: z.object({ idle: duration.optional() }),
  positional: [],
  labels: { idle: 'End by itself after nothing was asked and nothing ran for this long' },
  run: ({ serve }: DeployerContext, input) => serve(input),
});
