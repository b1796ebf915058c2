import { readFile } from 'node:fs/promises';
import * as client from 'openid-client';
import { Agent, fetch as fetchWith } from 'undici';
import type { Clock } from '../../../clock.ts';
import { isAppError, PortError, UserError } from '../../../errors.ts';
import { type Claims, readClaims } from './claims.ts';
import type { Flow } from './flow.ts';
import type { OidcSettings } from './settings.ts';

/** Who signs people in elsewhere. */
export interface Issuer {
  /** What people call it. */
  readonly name: string;
  /** Where the browser goes to sign in. @throws PortError `server-unavailable`. */
  begin(flow: Flow, callback: URL): Promise<URL>;
  /**
   * What the issuer says of who came back to `answered`.
   * @throws UserError `token-needed` when it is not its answer to our question, PortError when it cannot be asked.
   */
  finish(answered: URL, flow: Flow): Promise<{ readonly claims: Claims; readonly idToken: string }>;
  /** Where the browser logs out there too; absent where the issuer has no such place. @throws PortError. */
  farewell(back: URL, idToken: string | undefined): Promise<URL | undefined>;
}

export interface IssuerOptions {
  readonly settings: OidcSettings;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

const PATIENCE_S = 10;
/** What the issuer says of itself is asked for again after so long. */
const KNOWN_MS = 3_600_000;
/** And after so long where it could not be reached. */
const FAILED_MS = 3_000;

export function createIssuer({ settings, environment, clock }: IssuerOptions): Issuer {
  const name = settings.name ?? new URL(settings.issuer).hostname;
  let found: { readonly asked: Promise<client.Configuration>; readonly at: number } | undefined;

  async function connect(): Promise<client.Configuration> {
    const now = clock.now().getTime();
    if (!found || now - found.at >= KNOWN_MS) {
      const asked = discover(settings, environment);
      found = { asked, at: now };
      // Told to whoever asked; strangers who ask again and again must not make us do the same.
      asked.catch(() => {
        if (found?.asked === asked) found = { asked, at: now - KNOWN_MS + FAILED_MS };
      });
    }
    try {
      return await found.asked;
    } catch (cause) {
      throw isAppError(cause) ? cause : unreachable(name, cause);
    }
  }

  return {
    name,
    async begin({ state, nonce, codeVerifier }, callback) {
      const issuer = await connect();
      return client.buildAuthorizationUrl(issuer, {
        redirect_uri: callback.href,
        scope: settings.scopes.join(' '),
        ...{ state, nonce },
        code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
      });
    },
    async finish(answered, { state, nonce, codeVerifier }) {
      const issuer = await connect();
      try {
        const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: codeVerifier };
        const tokens = await client.authorizationCodeGrant(issuer, answered, checks);
        const said = tokens.claims();
        if (!said || tokens.id_token === undefined) throw new Error('there is no ID token');
        const more = issuer.serverMetadata().userinfo_endpoint
          ? await client.fetchUserInfo(issuer, tokens.access_token, said.sub)
          : {};
        return { claims: readClaims({ ...more, ...said }, settings.groupsClaim), idToken: tokens.id_token };
      } catch (cause) {
        throw refusal(name, cause);
      }
    },
    async farewell(back, idToken) {
      const issuer = await connect();
      if (!issuer.serverMetadata().end_session_endpoint) return undefined;
      return client.buildEndSessionUrl(issuer, {
        post_logout_redirect_uri: back.href,
        ...(idToken === undefined ? {} : { id_token_hint: idToken }),
      });
    },
  };
}

async function discover(
  settings: OidcSettings,
  environment: IssuerOptions['environment'],
): Promise<client.Configuration> {
  const { issuer, clientId, caFile } = settings;
  const ca = caFile === undefined ? undefined : await readSetting('caFile', caFile);
  const secret = await secretOf(settings, environment);
  const isPlain = issuer.startsWith('http:'); // on this machine alone: the settings see to that
  return client.discovery(new URL(issuer), clientId, undefined, proving(secret), {
    execute: [client.enableNonRepudiationChecks, ...(isPlain ? [client.allowInsecureRequests] : [])],
    timeout: PATIENCE_S,
    ...(ca === undefined ? {} : { [client.customFetch]: fetchTrusting(ca) }),
  });
}

/** By the way that the issuer takes; the standard's own default is the header. */
function proving(secret: string | undefined): client.ClientAuth {
  if (secret === undefined) return client.None();
  const [basic, post] = [client.ClientSecretBasic(secret), client.ClientSecretPost(secret)];
  return (server, ...rest) => {
    const ways = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    return (ways.includes('client_secret_basic') ? basic : post)(server, ...rest);
  };
}

function fetchTrusting(ca: string): client.CustomFetch {
  const dispatcher = new Agent({ connect: { ca } });
  return async (url, { body, ...options }) => {
    const answer = await fetchWith(url, {
      ...options,
      body: body instanceof URLSearchParams ? `${body}` : null,
      dispatcher,
    });
    const headers = [...answer.headers];
    const isEmpty = answer.status === 204 || answer.status === 304;
    return new Response(isEmpty ? null : await answer.arrayBuffer(), { status: answer.status, headers });
  };
}

async function secretOf(
  { clientSecretFile, clientSecretEnvironment }: OidcSettings,
  environment: IssuerOptions['environment'],
): Promise<string | undefined> {
  if (clientSecretFile !== undefined) return (await readSetting('clientSecretFile', clientSecretFile)).trim();
  if (clientSecretEnvironment === undefined) return undefined;
  const secret = environment[clientSecretEnvironment];
  if (secret) return secret;
  throw new PortError('server-unavailable', `The secret for signing in is not in ${clientSecretEnvironment}.`, {
    hint: 'Set that variable where the server is started, or name a file as web.oidc.clientSecretFile.',
  });
}

async function readSetting(key: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new PortError('server-unavailable', `Nobody can sign in: ${path} cannot be read.`, {
      cause,
      hint: `It is named by web.oidc.${key}; look at its owner and mode.`,
    });
  }
}

/** What is the fault of the issuer, of the way to it, or of our settings there; all else is an answer not worth believing. */
function refusal(name: string, cause: unknown): UserError | PortError {
  if (cause instanceof TypeError) return unreachable(name, cause);
  if (cause instanceof client.ClientError && /TIMEOUT|ABORT|NOT_CONFORM|NOT_JSON/.test(cause.code ?? '')) {
    return unreachable(name, cause);
  }
  if (cause instanceof client.ResponseBodyError && cause.error !== 'invalid_grant') return unreachable(name, cause);
  return new UserError('token-needed', `Signing in at ${name} did not work.`, {
    cause,
    hint: 'Begin anew. If it is always so, the log of the server tells why.',
  });
}

function unreachable(name: string, cause: unknown): PortError {
  return new PortError('server-unavailable', `Nobody can sign in at ${name} now.`, {
    cause,
    hint: 'Log in with a token, or by the link that `cml web` prints; the log of the server tells why.',
    retryable: true,
  });
}
