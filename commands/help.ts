import { z } from 'zod';
import { defineCommand } from '../src/chat/command.ts';
import type { DeployerContext } from './deployer.ts';

export const help = defineCommand({
  word: 'help',
  summary: 'Explain all words, or one',
  group: 'Look',
  input: z.object({ word: z.string().optional() }),
  positional: ['word'],
  labels: { word: 'Only this word' },
  run: ({ help }: DeployerContext, { word }) => help(word),
});
