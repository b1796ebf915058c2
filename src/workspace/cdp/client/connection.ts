import { readFile } from 'node:fs/promises';
import { Agent, request } from 'undici';
import { PortError } from '../../../errors.ts';
import { codeOf } from '../../system-error.ts';

export interface Reply {
  readonly status: number;
  readonly body: string;
  /** The control plane's own name for this request: its people ask for it. */
  readonly requestId: string | undefined;
  /** What its clock said. */
  readonly date: Date | undefined;
  /** How long it asked to be left alone. */
  readonly restMs: number | undefined;
  /** Where it sends us, if it does. */
  readonly elsewhere: string | undefined;
}

export interface Sent {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal?: AbortSignal | undefined;
}

/** Rejects as undici does, or with the signal's reason. */
export type Send = (sent: Sent) => Promise<Reply>;

export function createConnection(options: { readonly caFile?: string | undefined; readonly withinMs: number }): Send {
  const { caFile, withinMs } = options;
  let held: { readonly ca: string | undefined; readonly agent: Agent } | undefined;

  /** Read for every request: it is a small file, and certificates are replaced while we run. */
  async function currentAgent(): Promise<Agent> {
    const ca = caFile === undefined ? undefined : await readCertificates(caFile);
    if (held === undefined || held.ca !== ca) held = { ca, agent: createAgent(ca, withinMs) };
    return held.agent;
  }

  return async ({ url, headers, body, signal }) => {
    const dispatcher = await currentAgent();
    const answer = await request(url, { method: 'POST', headers, body, dispatcher, ...(signal && { signal }) });
    const text = await answer.body.text();
    return replyOf(answer.statusCode, answer.headers, text);
  };
}

export function createAgent(ca: string | undefined, withinMs: number): Agent {
  return new Agent({
    connect: { timeout: withinMs, ...(ca !== undefined && { ca }) },
    headersTimeout: withinMs,
    bodyTimeout: withinMs,
    // No connection is kept: one that the server just closed would look like a lost answer.
    pipelining: 0,
  });
}

export async function readCertificates(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new PortError('platform-unavailable', `The certificates in ${path} cannot be read (${codeOf(cause)})`, {
      cause,
      hint: 'Look at `caFile` of this workspace.',
    });
  }
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

function replyOf(status: number, headers: Headers, body: string): Reply {
  const one = (name: string) => [headers[name]].flat()[0];
  const date = Date.parse(one('date') ?? '');
  return {
    status,
    body,
    requestId: one('x-altus-request-id') || one('x-cdp-request-id') || undefined,
    date: Number.isNaN(date) ? undefined : new Date(date),
    restMs: restOf(one('retry-after')),
    elsewhere: one('location'),
  };
}

/** Seconds. A moment, which it may be as well, is not worth trusting two clocks. */
function restOf(header: string | undefined): number | undefined {
  const seconds = Number(header ?? '');
  return seconds > 0 && seconds < 3_600 ? seconds * 1_000 : undefined;
}
