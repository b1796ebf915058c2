import { z } from 'zod';
import type { Answer } from '../../src/chat/answer.ts';
import { type Command, defineCommand } from '../../src/chat/command.ts';
import { duration } from '../../src/records/time.ts';
import { chosenCapture, workspaceName } from '../../src/records/workspace.ts';

export interface SampleContext {
  readonly person: string;
}

const said = (text: string, json: Answer['json']): Answer => ({ text, tone: 'info', json });

export const backup = defineCommand({
  word: 'backup',
  summary: 'Back up a workspace; services are down only for the cut',
  group: 'Back up and restore',
  input: z.object({
    workspace: workspaceName,
    notice: duration.optional(),
    now: z.boolean().default(false),
    dryRun: z.boolean().default(false),
    follow: z.boolean().default(true),
    votes: z.number().int().max(9).optional(),
    capture: z.array(z.string()).default([]),
    way: chosenCapture.default('two-pass'),
    reason: z.string().max(30).optional(),
  }),
  positional: ['workspace'],
  labels: {
    workspace: 'The workspace',
    notice: 'Warn people this long before services stop',
    now: 'Do not wait at all; people who are working are interrupted, which is only right in an emergency, so say why',
    dryRun: 'Only show what would be done',
    follow: 'Leave it running and come back',
    reason: 'Why (people will read it)',
  },
  run: async ({ person }: SampleContext, input) =>
    said(`${person} backs up ${input.workspace}.`, { notice: input.notice ?? null }),
});

export const restore = defineCommand({
  word: 'restore',
  summary: 'Ask for a workspace to be brought back from a backup',
  group: 'Back up and restore',
  input: z.object({ backup: z.string(), paths: z.array(z.string()).default([]) }),
  positional: ['backup', 'paths'],
  labels: { backup: 'The backup to go back to', paths: 'Only these' },
  run: async (_: SampleContext, input) => said(`Restore ${input.backup}.`, input.paths),
});

export const list = defineCommand({
  word: 'list',
  summary: 'List the backups of a workspace',
  group: 'Look',
  input: z.object({ workspace: workspaceName.optional() }),
  positional: ['workspace'],
  labels: { workspace: 'Only of this workspace' },
  run: async () => said('No backups.', []),
});

export const help = defineCommand({
  word: 'help',
  summary: 'Explain the words',
  group: 'Look',
  input: z.object({ word: z.string().optional() }),
  positional: ['word'],
  labels: { word: 'Only this word' },
  run: async () => said('Help.', null),
});

export const sampleCommands: readonly Command<SampleContext>[] = [backup, restore, list, help];
