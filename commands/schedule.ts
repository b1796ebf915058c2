import { z } from 'zod';
import type { Answer } from '../src/chat/answer.ts';
import { defineCommand } from '../src/chat/command.ts';
import { UserError } from '../src/errors.ts';
import { scheduleName } from '../src/records/schedule-state.ts';
import { workspaceName } from '../src/records/workspace.ts';
import { answerQuietHours } from './answer-quiet-hours.ts';
import { answerFired, answerSchedule, answerScheduleChanged, answerSchedules } from './answer-schedules.ts';
import type { CommandContext } from './context.ts';

const what = z.enum(['list', 'show', 'pause', 'resume', 'skip', 'run', 'suggest']);

export const schedule = defineCommand({
  word: 'schedule',
  summary: 'See what happens unasked and when; pause it, skip its next time, or run it now',
  group: 'Look',
  input: z.object({
    what: what.default('list'),
    workspace: workspaceName.optional(),
    name: scheduleName.optional(),
    reason: z.string().max(300).optional(),
  }),
  positional: ['what', 'workspace', 'name'],
  labels: {
    what: 'skip leaves out the next time only, resume takes that back; run does not wait for it; suggest names the quietest hours',
    workspace: 'The workspace; list shows all when left out',
    name: 'When left out, every one of the workspace; skip and run mean the one that backs up',
    reason: 'With pause: why (people will read it)',
  },
  async run({ orchestrator, person }: CommandContext, { what, workspace, name, reason }): Promise<Answer> {
    if (what === 'list') {
      return answerSchedules(await orchestrator.listSchedules({ workspace, name }), orchestrator.isResident());
    }
    const wish = { workspace: named(workspace), name };
    switch (what) {
      case 'show':
        return answerSchedule(await orchestrator.listSchedules(wish), orchestrator.isResident());
      case 'pause':
        return answerScheduleChanged('paused', await orchestrator.pauseSchedules(person, wish, reason));
      case 'resume':
        return answerScheduleChanged('resumed', await orchestrator.resumeSchedules(person, wish));
      case 'skip':
        return answerScheduleChanged('skipped', [await orchestrator.skipNext(person, wish)]);
      case 'run':
        return answerFired(await orchestrator.runNow(person, wish));
      case 'suggest':
        return answerQuietHours(await orchestrator.suggest(wish.workspace));
    }
  },
});

function named(workspace: string | undefined): string {
  if (workspace !== undefined) return workspace;
  throw new UserError('bad-input', 'Name the workspace whose schedule is meant.', {
    hint: 'See them all: cml schedule',
  });
}
