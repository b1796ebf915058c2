import type { Hub } from './chat/terminal/hub.ts';
import { endsFollowing, type FollowEvent } from './chat/terminal/protocol.ts';
import type { Orchestrator } from './orchestrator/orchestrator.ts';

/** An operation from how it stands now to its end. */
export async function* follow(
  orchestrator: Orchestrator,
  hub: Hub,
  operationId: string,
  signal: AbortSignal,
): AsyncIterable<FollowEvent> {
  // Listening begins before looking, so that nothing that happens in between is missed.
  const events = hub.follow({ operationId }, signal);
  const subject = await orchestrator.lookAt(operationId);
  if (subject.kind !== 'operation') return;
  const first: FollowEvent = { type: 'view', view: subject.view };
  yield first;
  if (!endsFollowing(first)) yield* events;
}

/** A request until it was decided and has become an operation, or never will. */
export async function* followRequest(
  orchestrator: Orchestrator,
  hub: Hub,
  requestId: string,
  signal: AbortSignal,
): AsyncIterable<FollowEvent> {
  const events = hub.follow({ requestId }, signal);
  const subject = await orchestrator.lookAt(requestId);
  if (subject.kind !== 'request') return;
  const first: FollowEvent = { type: 'request', request: subject.request };
  yield first;
  if (!endsFollowing(first)) yield* events;
}
