import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Config, readConfig } from '../src/config.ts';
import { explainConfig } from '../src/config-explain.ts';

let cwd: string;
beforeEach(async () => {
  cwd = await realpath(await mkdtemp(join(tmpdir(), 'cml-web-')));
  await mkdir(join(cwd, 'one'));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

async function read(web: string, people = 'alice: { uid: 1000 }'): Promise<Config> {
  await writeFile(
    join(cwd, 'cml.yaml'),
    `data: ./cml-data
people: { ${people} }
web: ${web}
workspaces:
  one:
    platform: { kind: local, volumes: [{ name: files, path: ./one }] }
    repository: { kind: restic, location: ./repository, passwordFile: ./password }
`,
  );
  return readConfig({ cwd, environment: {} });
}

const ISSUER = "issuer: 'https://login.example.org/realms/ml', clientId: cml";

test('an issuer is taken with its usual settings, and its files stand beside cml.yaml', async () => {
  const config = await read(`{ oidc: { ${ISSUER}, clientSecretFile: ./secret, caFile: ca.pem } }`);
  expect(config.web?.oidc).toEqual({
    issuer: 'https://login.example.org/realms/ml',
    clientId: 'cml',
    clientSecretFile: join(cwd, 'secret'),
    caFile: join(cwd, 'ca.pem'),
    scopes: ['openid', 'profile', 'email'],
    groupsClaim: 'groups',
    groups: {},
    matchByEmail: false,
    signInAgainAfter: 43_200_000,
  });
  expect(explainConfig(config)).toMatchObject({ web: { oidc: { signInAgainAfter: '12h', matchByEmail: false } } });
});

test.each([
  ["{ oidc: { issuer: 'http://login.example.org', clientId: cml } }", /web\.oidc\.issuer: must begin with https/],
  [`{ oidc: { ${ISSUER}, clientSecret: hunter2 } }`, /web\.oidc\.clientSecret: there is no such key/],
  [`{ oidc: { ${ISSUER}, clientSecretFile: a, clientSecretEnvironment: B } }`, /not both/],
  [`{ oidc: { ${ISSUER}, clientSecretEnvironment: 'a secret' } }`, /never the secret itself/],
  [`{ oidc: { ${ISSUER}, scopes: [profile] } }`, /web\.oidc\.scopes: must contain openid/],
  [
    `{ oidc: { ${ISSUER}, groups: { ml: [admin] } } }`,
    /web\.oidc\.groups\.ml.*must be read or write or approve or files/,
  ],
  [`{ oidc: { ${ISSUER}, signInAgainAfter: 8d } }`, /at least 1m and at most 3d/],
  ['{ trustProxy: [proxy.example.org] }', /web\.trustProxy\[1\]: must be an address or a network/],
  [`{ host: 0.0.0.0, oidc: { ${ISSUER} } }`, /web\.host: is an address that others can reach/],
  ["{ host: 0.0.0.0, url: 'http://backups.example.org' }", /web\.host: is an address that others can reach/],
])('%s is refused with what to write', async (web, says) => {
  await expect(read(web)).rejects.toThrow(says);
});

test('an issuer on this machine may do without https', async () => {
  const config = await read("{ oidc: { issuer: 'http://[::1]:8080/realms/ml', clientId: cml } }");
  expect(config.web?.oidc?.clientId).toBe('cml');
});

test('two people are never known by the same subject or address', async () => {
  const same = (what: string) => `alice: { ${what} }, bob: { ${what} }`;
  await expect(read(`{ oidc: { ${ISSUER} } }`, same('oidc: one'))).rejects.toThrow(
    /bob\.oidc: the subject one is also alice's/,
  );
  const addresses = 'alice: { email: a@example.org }, bob: { email: A@example.org }';
  const byAddress = `{ oidc: { ${ISSUER}, matchByEmail: true } }`;
  await expect(read(byAddress, addresses)).rejects.toThrow(/bob\.email: the address is also alice's/);
});

test('what an issuer knows somebody by is a proof only where that issuer is asked', async () => {
  const [subject, address] = ['alice: { oidc: one }', 'alice: { email: a@example.org }'];
  const asked = `{ oidc: { ${ISSUER} } }`;
  const refusal = /people\.alice: needs a uid/;
  await expect(read('{}', subject)).rejects.toThrow(refusal);
  await expect(read(asked, address)).rejects.toThrow(refusal);
  expect((await read(asked, subject)).people.alice).toEqual({ oidc: 'one' });
  const byAddress = `{ oidc: { ${ISSUER}, matchByEmail: true } }`;
  expect((await read(byAddress, address)).people.alice).toEqual({ email: 'a@example.org' });
});
