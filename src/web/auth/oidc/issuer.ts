import * as client from 'openid-client';
import type { Clock } from '../../../clock.ts';
import { isAppError, PortError, UserError } from '../../../errors.ts';
import { type Claims, readClaims } from './claims.ts';
import { discover, type Environment } from './discover.ts';
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
  readonly environment: Environment;
  readonly clock: Clock;
}

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
        ...(takesPkce(settings.issuer) && {
          code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
          code_challenge_method: 'S256',
        }),
      });
    },
    async finish(answered, { state, nonce, codeVerifier }) {
      const issuer = await connect();
      try {
        const checks = { expectedState: state, expectedNonce: nonce };
        const verifying = takesPkce(settings.issuer) ? { pkceCodeVerifier: codeVerifier } : {};
        const tokens = await client.authorizationCodeGrant(issuer, answered, { ...checks, ...verifying });
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

/**
 * Slack refuses a verifier beside a client's secret, and takes it at all only from apps that were made public clients; there
 * state and nonce have to do. All others take it, or do not mind it, whether or not they promise it.
 * Source: docs.slack.dev, "Using PKCE", and github.com/paradigmxyz/centaur/pull/1101.
 */
export function takesPkce(issuer: string): boolean {
  return !/^https:\/\/slack(-gov)?\.com\/?$/.test(issuer);
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
