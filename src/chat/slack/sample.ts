import type { KnownBlock } from '@slack/types';
import { renderActions } from './render-actions.ts';
import { renderAnswer } from './render-answer.ts';

/** One of each block that we draw, for Slack to look at. */
export function sampleBlocks(): KnownBlock[] {
  const { blocks } = renderAnswer({
    text: 'team-ml: services stop in 10m (2026-11-22 22:10 UTC).',
    tone: 'warning',
    fields: [['Notice', '10m']],
    table: { columns: ['Workspace', 'Services'], rows: [['team-ml', 'web up']] },
    hint: 'Follow it: cml status team-ml',
    json: null,
  });
  const cancel = { word: 'cancel', given: { subject: 'op_0toxcgtmq4' }, label: 'Cancel', style: 'danger' as const };
  return [...blocks, ...renderActions([{ ...cancel, confirm: 'It is cancelled for everybody.' }])];
}
