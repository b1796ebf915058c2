import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { CLIENT } from './real-issuer.ts';

/** An issuer that signs whatever it is told to, as one would that was broken into, or somebody in its place. */
export interface BadIssuer {
  readonly url: string;
  /** The claims of a token that is in order, for this nonce. */
  claims(nonce: string): JWTPayload;
  /** What the next code is worth. */
  answerWith(idToken: () => Promise<string>): void;
  sign(claims: JWTPayload, how?: { alg?: string; key?: CryptoKey | Uint8Array }): Promise<string>;
  readonly otherKey: CryptoKey;
  unsigned(claims: JWTPayload): Promise<string>;
  close(): Promise<void>;
}

export async function openBadIssuer(): Promise<BadIssuer> {
  const [own, other] = [await generateKeyPair('RS256'), await generateKeyPair('RS256')];
  const jwks = { keys: [{ ...(await exportJWK(own.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }] };
  let idToken = async () => '';
  const server = createServer((asked, answered) => {
    const json = (value: unknown) => answered.setHeader('content-type', 'application/json').end(JSON.stringify(value));
    if (asked.url === '/jwks') return void json(jwks);
    if (asked.url === '/.well-known/openid-configuration') return void json(metadata(url));
    if (asked.url !== '/token') return void answered.writeHead(404).end();
    void idToken().then((id_token) => json({ access_token: 'any', token_type: 'Bearer', id_token }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    otherKey: other.privateKey,
    claims: (nonce) => {
      const now = Math.floor(Date.now() / 1_000);
      return { iss: url, aud: CLIENT.id, sub: 'of alice', nonce, iat: now, exp: now + 60 };
    },
    answerWith(next) {
      idToken = next;
    },
    sign: (claims, { alg = 'RS256', key = own.privateKey } = {}) =>
      new SignJWT(claims).setProtectedHeader({ alg, kid: 'one' }).sign(key),
    unsigned: async (claims) => new UnsecuredJWT(claims).encode(),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function metadata(url: string) {
  return {
    issuer: url,
    authorization_endpoint: `${url}/auth`,
    token_endpoint: `${url}/token`,
    jwks_uri: `${url}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    // One that promises too much: what is refused has to be refused by us.
    id_token_signing_alg_values_supported: ['RS256', 'none', 'HS256'],
    authorization_response_iss_parameter_supported: true,
  };
}
