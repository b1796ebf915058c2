import { writeMoment } from '../src/chat/messages/words.ts';
import type { WorkspaceFreshness } from '../src/orchestrator/freshness.ts';
import { writeDuration } from '../src/records/time.ts';

/** What people should know of the age of a workspace's newest backup; nothing where all is well. */
export function freshnessText(freshness: WorkspaceFreshness['freshness']): [label: string, text: string][] {
  if (freshness.is === 'overdue') {
    return [['Overdue', `since ${writeMoment(freshness.dueAt)}: one is due every ${writeDuration(freshness.rpoMs)}`]];
  }
  if (freshness.is !== 'paused') return [];
  const { by, at, reason } = freshness;
  return [['Paused', `by ${by} since ${writeMoment(at)}${reason === undefined ? '' : `: ${reason}`}`]];
}
