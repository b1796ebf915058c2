import { z } from 'zod';
import type { Answer } from '../src/chat/answer.ts';
import { defineCommand } from '../src/chat/command.ts';
import { UserError } from '../src/errors.ts';
import { workspaceName } from '../src/records/workspace.ts';
import { answerCatalogCheck, answerConfirmed, answerRebuilt, answerRemovalPlan } from './answer-catalog.ts';
import type { CommandContext } from './context.ts';

const input = z.object({
  what: z.enum(['check', 'rebuild', 'confirm']),
  workspace: workspaceName.optional(),
  remove: z.boolean().default(false),
  dryRun: z.boolean().default(false),
  confirm: z.string().optional(),
});

export const catalog = defineCommand({
  word: 'catalog',
  summary: 'Compare the catalog with the repository, or rebuild it from there',
  group: 'For the deployer',
  input,
  positional: ['what', 'workspace'],
  labels: {
    what: 'check: what does not fit; rebuild: add the backups that only the repository knows; confirm: retention may go on',
    workspace: 'Only of this workspace; every one when left out',
    remove: 'With check: drop the copies in the repository that nobody needs, and what operations left behind',
    dryRun: 'With --remove: only show what would be dropped',
    confirm: 'With --remove: the workspace’s name, instead of typing it when asked',
  },
  async run(context: CommandContext, { what, workspace, ...options }) {
    const { orchestrator } = context;
    const workspaces = workspace === undefined ? orchestrator.workspaces() : [workspace];
    if (what === 'confirm') return confirmOne(context, workspace);
    if (what === 'rebuild') {
      return answerRebuilt(await each(workspaces, (name) => orchestrator.rebuildCatalog(context.person, name)));
    }
    if (options.remove) return removeFromOne(context, workspace, options);
    return answerCatalogCheck(await each(workspaces, (name) => orchestrator.checkCatalog(name)));
  },
});

/** One after the other: each has the repository's attention. */
async function each<T>(workspaces: readonly string[], work: (workspace: string) => Promise<T>): Promise<T[]> {
  const done: T[] = [];
  for (const workspace of workspaces) done.push(await work(workspace));
  return done;
}

async function confirmOne({ orchestrator, person }: CommandContext, workspace: string | undefined): Promise<Answer> {
  const name = oneOf(workspace);
  return answerConfirmed(name, await orchestrator.confirmCatalog(person, name));
}

async function removeFromOne(
  { orchestrator, person }: CommandContext,
  workspace: string | undefined,
  { dryRun, confirm }: { readonly dryRun: boolean; readonly confirm?: string | undefined },
): Promise<Answer> {
  const name = oneOf(workspace);
  if (dryRun) return answerRemovalPlan(await orchestrator.checkCatalog(name));
  return answerCatalogCheck([await orchestrator.removeOrphans(person, name, confirm)]);
}

function oneOf(workspace: string | undefined): string {
  if (workspace !== undefined) return workspace;
  throw new UserError('bad-input', 'This is done for one workspace at a time.', { hint: 'Name the workspace.' });
}
