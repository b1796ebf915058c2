import type { Context } from 'hono';
import type { OperationView } from '../../records/operation.ts';
import { streamEvents } from '../live.ts';
import type { WebEnv } from '../visitor.ts';
import type { WebWorld } from '../web-world.ts';
import type { StreamRoute } from './route.ts';

/** A view is told no more often than this: of those in between only the newest is. */
const FRAME_MS = 250;

/** Written once, however many look. */
const written = new WeakMap<OperationView, string>();

function textOf(view: OperationView): string {
  const known = written.get(view) ?? JSON.stringify(view);
  written.set(view, known);
  return known;
}

/** From how it stands now to its end. @throws UserError `unknown-operation`. */
export async function tellViews(
  { subject }: StreamRoute,
  world: WebWorld,
  context: Context<WebEnv>,
  places: Readonly<Record<string, string>>,
): Promise<Response> {
  const id = places[subject] ?? '';
  await world.orchestrator.lookAt(id);
  return streamEvents(context, world, async (stream, signal) => {
    for await (const view of world.follow(id, signal)) {
      await stream.writeSSE({ event: 'view', data: textOf(view) });
      if (view.status !== 'running') await stream.writeSSE({ event: 'ended', data: '' });
      else await world.clock.sleep(FRAME_MS, signal).catch(() => undefined);
    }
  });
}
