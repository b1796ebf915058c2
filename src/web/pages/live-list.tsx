import type { Context, Handler } from 'hono';
import type { Child, FC } from 'hono/jsx';
import { streamEvents, tellChanges } from '../live.ts';
import type { WebEnv } from '../visitor.ts';
import type { WebWorld } from '../web-world.ts';

/** Looks at itself again whenever the server says that something changed; what a person has typed meanwhile stays. */
export const LiveList: FC<{ context: Context<WebEnv>; children?: Child }> = ({ context, children }) => {
  const nonce = context.get('secureHeadersNonce');
  const { pathname, search } = new URL(context.req.url);
  return (
    <div id="changes" hx-sse:connect={`/changes?seen=${context.get('seen')}`} hx-swap="none" hx-nonce={nonce}>
      <div
        id="list"
        hx-get={`${pathname}${search}`}
        hx-trigger="changed from:#changes"
        hx-select="#list"
        hx-target="this"
        hx-swap="outerMorph"
        hx-nonce={nonce}
      >
        {children}
      </div>
    </div>
  );
};

export function followChanges(world: WebWorld): Handler<WebEnv> {
  return (context) => {
    const seen = context.req.query('seen') ?? '';
    return streamEvents(context, world, (stream, signal) => tellChanges(stream, world, { seen, signal }));
  };
}
