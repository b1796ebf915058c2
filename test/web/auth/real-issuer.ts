import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import Provider, { type Configuration } from 'oidc-provider';

/** Who the issuer knows, by what they type as their login: their claims. */
export type Accounts = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export const CLIENT = { id: 'cml-backup', secret: 'the secret of the page' };

/** A real issuer at an address of this machine; it knows the page only once that is there. */
export interface RealIssuer {
  readonly url: string;
  knows(pageOrigin: string, accounts: Accounts): void;
  /** What a browser does with a place of the issuer's until it is sent back to the page, which is answered. */
  walk(from: string, login: string): Promise<URL>;
  close(): Promise<void>;
}

export async function openRealIssuer(tls?: { readonly key: string; readonly cert: string }): Promise<RealIssuer> {
  let answer: ReturnType<Provider['callback']> | undefined;
  const listener: Parameters<typeof createServer>[1] = (asked, answered) => void answer?.(asked, answered);
  const server: Server = tls ? createTlsServer(tls, listener) : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    knows(pageOrigin, accounts) {
      answer = new Provider(url, configurationFor(pageOrigin, accounts)).callback();
    },
    walk: (from, login) => walk(url, from, login),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function configurationFor(pageOrigin: string, accounts: Accounts): Configuration {
  return {
    clients: [
      {
        ...{ client_id: CLIENT.id, client_secret: CLIENT.secret },
        redirect_uris: [`${pageOrigin}/login/oidc/callback`],
        post_logout_redirect_uris: [`${pageOrigin}/login`],
      },
    ],
    claims: {
      openid: ['sub'],
      profile: ['preferred_username', 'groups', 'https://slack.com/user_id', 'https://slack.com/team_id'],
      email: ['email', 'email_verified'],
    },
    cookies: { keys: ['a key of the issuer'] },
    pkce: { required: () => true },
    ttl: { Interaction: 600, Grant: 600, Session: 600, AccessToken: 600, IdToken: 600 },
    findAccount: (_context, id) => {
      const claims = accounts[id];
      return claims && { accountId: id, claims: async () => ({ sub: id, ...claims }) };
    },
    // Whoever logs in has consented already.
    async loadExistingGrant(context) {
      const { client, session, provider, params } = context.oidc;
      if (!client || !session?.accountId) return undefined;
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope(String(params?.scope ?? 'openid'));
      await grant.save();
      return grant;
    },
  };
}

/** Follows redirects and fills in the issuer's form, with the cookies that it sets. */
async function walk(issuer: string, from: string, login: string): Promise<URL> {
  const cookies = new Map<string, string>();
  let place = new URL(from);
  let form: URLSearchParams | undefined;
  for (let steps = 0; steps < 10; steps += 1) {
    if (place.origin !== issuer) return place;
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const heard = await fetch(place, {
      ...{ redirect: 'manual', headers: { cookie } },
      ...(form ? { method: 'POST', body: form } : {}),
    });
    for (const set of heard.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      cookies.set(name, value);
    }
    const location = heard.headers.get('location');
    form = location ? undefined : new URLSearchParams({ prompt: 'login', login, password: 'any' });
    if (location) place = new URL(location, place);
    else place = new URL(/action="([^"]+)"/.exec(await heard.text())?.[1] ?? 'about:blank', place);
  }
  throw new Error(`the issuer never came back, at last at ${place.href}`);
}
