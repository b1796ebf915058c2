import { z } from 'zod';
import { defineCommand } from '../src/chat/command.ts';
import { workspaceName } from '../src/records/workspace.ts';
import type { CommandContext } from './context.ts';

export const start = defineCommand({
  word: 'start',
  summary: 'Bring services back that were stopped',
  group: 'Steer',
  input: z.object({ workspace: workspaceName }),
  positional: ['workspace'],
  labels: { workspace: 'The workspace' },
  async run({ orchestrator, person }: CommandContext, { workspace }) {
    const started = await orchestrator.startServices(person, workspace);
    const { putBack } = started;
    const first = putBack.length === 0 ? '' : `The data of before ${putBack.join(', ')} was put back first.`;
    return {
      text: `${workspace}: ${started.services.length > 0 ? started.services.join(', ') : 'everything'} is up. ${first}`.trimEnd(),
      tone: 'good' as const,
      json: { workspace, services: started.services, putBack: [...putBack], readyAt: started.readyAt },
    };
  },
});
