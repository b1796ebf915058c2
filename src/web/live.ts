import type { Context } from 'hono';
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import { isAppError } from '../errors.ts';
import type { WebEnv } from './visitor.ts';
import type { WebWorld } from './web-world.ts';

/** So often a word is said although nothing is new, so that a page knows that it is still heard. */
const BEAT_MS = 10_000;
/** A page is asked to look again no more often than this. */
const CALM_MS = 1_000;

/**
 * Events for as long as the page stays open. A page that does not read keeps nobody waiting but itself; one that was cut
 * off comes back by itself and is told how it stands then.
 */
export function streamEvents(
  context: Context<WebEnv>,
  world: WebWorld,
  tell: (stream: SSEStreamingApi, signal: AbortSignal) => Promise<void>,
): Response {
  const gone = new AbortController();
  const signal = AbortSignal.any([gone.signal, context.req.raw.signal, world.closing]);
  context.header('x-accel-buffering', 'no'); // a proxy that collects what is said makes live things dead
  const response = streamSSE(context, async (stream) => {
    stream.onAbort(() => gone.abort());
    const failed = (error: unknown) => {
      if (!isAppError(error) && !signal.aborted) world.onBug(error);
      gone.abort();
    };
    const beat = async () => {
      // Whoever logged out or was shut out meanwhile hears nothing more.
      if (await world.visitors.who(context.req.raw)) await stream.writeSSE({ event: 'beat', data: '' });
      else gone.abort();
    };
    const beating = setInterval(() => void beat().catch(failed), BEAT_MS);
    try {
      await tell(stream, signal);
    } catch (error) {
      failed(error);
    } finally {
      clearInterval(beating);
      gone.abort();
    }
  });
  response.headers.set('cache-control', 'no-store'); // streamSSE says less
  return response;
}

/** Says that something is another than what a page has seen, at most once in a while. */
export async function tellChanges(
  stream: SSEStreamingApi,
  world: WebWorld,
  { seen, signal }: { readonly seen: string; readonly signal: AbortSignal },
): Promise<void> {
  for (let told = seen; !signal.aborted; ) {
    const now = world.seen.now();
    if (now === told) await world.seen.change(signal);
    else {
      told = now;
      await stream.writeSSE({ event: 'changed', data: '' });
      await world.clock.sleep(CALM_MS, signal).catch(() => undefined);
    }
  }
}
