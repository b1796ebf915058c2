import { createHash } from 'node:crypto';
import http, { type Agent, type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { PortError } from '../../errors.ts';

export interface Sent {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the server's address, with its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** A connection on which nothing comes for this long is dead. */
  readonly silentMs: number;
}

/**
 * One HTTP request to the API server, as whoever the kubeconfig names. Resolves with the head of the answer, whatever its
 * status; the body may still break. Connections are kept and used again: with a new one for each request, as client-node
 * does it, most of the time of a short request is the handshake. Objects are sent and received as they stand in the answer:
 * client-node's own classes drop fields that they do not know, and a definition must lose none.
 * @throws PortError `platform-unavailable`, retryable unless it is about certificates, names or logins.
 */
export type Connect = (sent: Sent) => Promise<IncomingMessage>;

/** With `token` as whose it is, and not as whoever the kubeconfig names. */
export function createConnection(config: KubeConfig, token?: () => Promise<string>): Connect {
  const server = config.getCurrentCluster()?.server.replace(/\/$/, '') ?? '';
  let kept: { readonly key: string; readonly agent: Agent } | undefined;

  function agentFor(options: RequestOptions & https.AgentOptions): Agent {
    const { ca, cert, key, rejectUnauthorized, servername } = options;
    const tls = { ca, cert, key, rejectUnauthorized, servername };
    const fingerprint = createHash('sha256').update(JSON.stringify(tls)).digest('hex');
    if (kept?.key === fingerprint) return kept.agent;
    const made = { keepAlive: true, ...defined(tls) };
    const isProxied = config.getCurrentCluster()?.proxyUrl !== undefined;
    const own = server.startsWith('http:') ? new http.Agent({ keepAlive: true }) : new https.Agent(made);
    kept = { key: fingerprint, agent: isProxied && options.agent instanceof http.Agent ? options.agent : own };
    return kept.agent;
  }

  return async ({ method, path, body, contentType = 'application/json', signal, silentMs }) => {
    signal?.throwIfAborted();
    const options: RequestOptions & https.AgentOptions = {};
    try {
      await config.applyToHTTPSOptions(options);
    } catch (cause) {
      throw new PortError('platform-unavailable', 'The login to the cluster could not be made.', {
        cause,
        hint: 'try kubectl with the same kubeconfig and context',
      });
    }
    if (token) {
      for (const own of ['cert', 'key', 'auth', 'passphrase', 'pfx'] as const) delete options[own];
      options.headers = { Authorization: `Bearer ${await token()}` };
    }
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      ...(options.headers as http.OutgoingHttpHeaders | undefined),
      'User-Agent': 'cml-backup',
      Accept: 'application/json',
      ...(text !== undefined && { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(text) }),
    };
    const { auth } = options;
    const { request } = server.startsWith('http:') ? http : https;
    return new Promise((resolve, reject) => {
      const sending = request(`${server}${path}`, {
        ...{ method, headers, agent: agentFor(options) },
        ...(auth && { auth }),
        ...(signal && { signal }),
      });
      sending.setTimeout(silentMs, () => sending.destroy(silence(silentMs)));
      sending.on('error', (cause) => reject(signal?.aborted ? signal.reason : unreachable(server, cause)));
      sending.once('response', resolve);
      sending.end(text);
    });
  };
}

/** Whole lines as they come; a last line without an end is handed out too. @throws PortError when the connection breaks. */
export async function* linesOf(answer: IncomingMessage, signal?: AbortSignal): AsyncGenerator<string, void, void> {
  let rest = '';
  const chunks = answer.setEncoding('utf8')[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { value, done } = await nextChunk(chunks, signal);
      if (done) break;
      const lines = (rest + value).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
    if (rest !== '') yield rest;
  } finally {
    answer.destroy();
  }
}

export async function textOf(answer: IncomingMessage, signal?: AbortSignal): Promise<string> {
  let text = '';
  const chunks = answer.setEncoding('utf8')[Symbol.asyncIterator]();
  for (;;) {
    const { value, done } = await nextChunk(chunks, signal);
    if (done) return text;
    text += value;
  }
}

async function nextChunk(chunks: AsyncIterator<string>, signal?: AbortSignal): Promise<IteratorResult<string>> {
  try {
    return await chunks.next();
  } catch (cause) {
    throw signal?.aborted ? signal.reason : unreachable('the cluster', cause);
  }
}

function silence(silentMs: number): Error {
  return Object.assign(new Error(`nothing came for ${Math.round(silentMs / 1_000)} s`), { code: 'ETIMEDOUT' });
}

/** Codes of Node and OpenSSL for what does not pass by itself. */
const LASTING =
  /^(ENOTFOUND|CERT_|ERR_TLS|ERR_SSL|ERR_INVALID|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|EPROTO)/;

function unreachable(server: string, cause: unknown): PortError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const isLasting = LASTING.test(code);
  const why = code === '' ? '' : ` (${code})`;
  return new PortError('platform-unavailable', `The API server at ${server} cannot be reached${why}.`, {
    cause,
    retryable: !isLasting,
    hint: isLasting
      ? 'look at the server, certificates and proxy in the kubeconfig'
      : 'look whether it is up, and whether this machine gets there: kubectl version, with the same kubeconfig',
  });
}

function defined<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}
