import { z } from 'zod';

/** How a connection to Slack ended, or did not begin. */
export type Ending = 'renewed' | 'lost' | 'too-many' | 'switched-off' | 'refused';

/** How long to wait before the next try, in milliseconds; longer each time in a row. */
const PAUSE: Readonly<Record<Ending, number>> = {
  renewed: 250,
  lost: 250,
  'too-many': 60_000,
  'switched-off': 120_000,
  refused: 2_000,
};
const LONGEST_PAUSE = 60_000;

/**
 * A connection that stood so long was a good one. Slack renews each every few hours, of its own will; one that is renewed
 * again and again at once must not be asked for in a tight loop: `apps.connections.open` allows few calls a minute.
 */
export const STEADY_MS = 10_000;

/** Milliseconds to wait. `failures`: how many connections in a row did not stand long, this one included. */
export function pauseAfter(ending: Ending, failures: number): number {
  if (ending === 'renewed' && failures <= 1) return 0;
  const doubled = PAUSE[ending] * 2 ** Math.max(0, Math.min(failures - 1, 8));
  return Math.min(doubled, Math.max(LONGEST_PAUSE, PAUSE[ending]));
}

const disconnect = z.object({ type: z.literal('disconnect'), reason: z.string() });

/** Why Slack ends a connection, if that is what the message says. */
export function endingOf(data: unknown): Ending | undefined {
  if (typeof data !== 'string' || !data.includes('"disconnect"')) return undefined;
  const read = disconnect.safeParse(JSON.parse(data)).data;
  if (!read) return undefined;
  if (read.reason === 'too_many_websockets') return 'too-many';
  return read.reason === 'link_disabled' ? 'switched-off' : 'renewed';
}
