import type { Hub } from './chat/terminal/hub.ts';
import { systemClock } from './clock.ts';
import type { Log } from './log.ts';
import { follow } from './main-follow.ts';
import { VERSION } from './main-version.ts';
import type { Orchestrator } from './orchestrator/orchestrator.ts';
import type { OperationView } from './records/operation.ts';
import { createWebServer, type WebServer } from './web/server.ts';
import type { WebSettings } from './web/settings.ts';
import type { Visitors } from './web/visitor.ts';

export interface WebOptions {
  readonly settings: WebSettings;
  readonly orchestrator: Orchestrator;
  readonly hub: Hub;
  readonly visitors: Visitors;
  readonly log: Log;
  readonly onBug: (error: unknown) => void;
}

/** The page; loaded only where it is configured. */
export function createWeb({ orchestrator, hub, ...options }: WebOptions): WebServer {
  return createWebServer({
    ...options,
    orchestrator,
    version: VERSION,
    clock: systemClock,
    follow: (operationId, signal) => views(orchestrator, hub, operationId, signal),
    changes: (signal) => changes(hub, signal),
  });
}

async function* views(
  orchestrator: Orchestrator,
  hub: Hub,
  operationId: string,
  signal: AbortSignal,
): AsyncIterable<OperationView> {
  for await (const event of follow(orchestrator, hub, operationId, signal)) if (event.type === 'view') yield event.view;
}

async function* changes(hub: Hub, signal: AbortSignal): AsyncIterable<void> {
  for await (const _ of hub.follow({ all: true }, signal)) yield;
}
