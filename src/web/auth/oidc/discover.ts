import { readFile } from 'node:fs/promises';
import * as client from 'openid-client';
import { Agent, fetch as fetchWith } from 'undici';
import { PortError } from '../../../errors.ts';
import type { OidcSettings } from './settings.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const PATIENCE_S = 10;

/** What the issuer says of itself, and how we speak to it. @throws PortError, and whatever the library does. */
export async function discover(settings: OidcSettings, environment: Environment): Promise<client.Configuration> {
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
  environment: Environment,
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
