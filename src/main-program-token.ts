import { randomBytes } from 'node:crypto';
import type { ProgramTokenWish } from '../commands/deployer.ts';
import type { Answer } from './chat/answer.ts';
import { type ConfigSource, readConfig } from './config.ts';
import { type ConfigEdit, openConfig } from './config-file.ts';
import { type ProgramTokens, programTokens } from './config-schema.ts';
import { UserError } from './errors.ts';
import { hashToken } from './main-people.ts';
import { newToken, refuseStranger } from './main-token.ts';
import { suggest } from './nearest.ts';

/** Makes a token for a program that speaks for a person; those that there are stay good. */
export async function makeProgramToken(
  source: ConfigSource,
  person: string,
  { scopes, name = `token-${randomBytes(3).toString('hex')}`, expires }: ProgramTokenWish,
): Promise<Answer> {
  const config = await openConfig(source);
  refuseStranger(config, person);
  if (Object.hasOwn(await tokensOf(config, source, person), name)) {
    throw new UserError('bad-input', `${person} has a token "${name}" already; nothing was changed.`, {
      hint: `Name another one, or first: cml token ${person} --revoke ${name}`,
    });
  }
  const token = newToken();
  const until = expires === undefined ? undefined : new Date(Date.now() + expires).toISOString();
  const kept = { hash: hashToken(token), scopes: [...new Set(scopes)], ...(until === undefined ? {} : { until }) };
  const text = config.with(config.text, ['people', person, 'tokens', name], inYaml(kept));
  await config.check(text);
  await config.write(text);
  return {
    text: `A program may speak for ${person} with the token ${name}; its hash stands in ${config.path}.`,
    tone: 'good',
    fields: [
      ['Token', `${token} (shown this once)`],
      ['May', kept.scopes.join(', ')],
      ['Until', until ?? 'it is revoked'],
    ],
    json: { person, name, token, scopes: kept.scopes, until: until ?? null, config: config.path },
    hint: `It shows it to the page as: Authorization: Bearer ... To end it: cml token ${person} --revoke ${name}`,
  };
}

/** What tokens there are; none is shown, since only their hashes are kept. */
export async function listTokens(source: ConfigSource, person: string | undefined): Promise<Answer> {
  const { path, people } = await readConfig(source);
  if (person !== undefined) refuseStranger(await openConfig(source), person);
  const found = Object.entries(people)
    .filter(([name]) => person === undefined || name === person)
    .flatMap(([owner, { token, tokens }]) => [
      ...(token === undefined ? [] : [{ person: owner, name: null, scopes: null, until: null, isOver: false }]),
      ...Object.entries(tokens ?? {}).map(([name, { scopes, until = null }]) => {
        const isOver = until !== null && Date.parse(until) <= Date.now();
        return { person: owner, name, scopes, until, isOver };
      }),
    ]);
  return {
    text: found.length === 0 ? `There is no token in ${path}.` : `Tokens whose hashes stand in ${path}:`,
    tone: 'info',
    table: {
      columns: ['Person', 'Token', 'May', 'Until'],
      rows: found.map(({ person: owner, name, scopes, until, isOver }) => [
        owner,
        name ?? 'their own',
        scopes?.join(', ') ?? 'all that they may',
        isOver ? `${until} (over)` : (until ?? (name === null ? 'another is made' : 'it is revoked')),
      ]),
    },
    json: { tokens: found, config: path },
  };
}

/** From the next question on it is worth nothing: the server reads cml.yaml anew when it was changed. */
export async function revokeToken(source: ConfigSource, person: string, name: string): Promise<Answer> {
  const config = await openConfig(source);
  refuseStranger(config, person);
  const tokens = await tokensOf(config, source, person);
  if (!Object.hasOwn(tokens, name)) {
    throw new UserError('bad-input', `${person} has no token "${name}"; nothing was changed.`, {
      hint: suggest(name, Object.keys(tokens), `See what there is: cml token ${person} --list`),
    });
  }
  const { [name]: _revoked, ...rest } = tokens;
  const written = Object.entries(rest).map(([key, token]) => `${JSON.stringify(key)}: ${inYaml(token)}`);
  const text = config.with(config.text, ['people', person, 'tokens'], `{ ${written.join(', ')} }`);
  await config.check(text);
  await config.write(text);
  return {
    text: `The token ${name} of ${person} is worth nothing any more.`,
    tone: 'good',
    json: { person, revoked: name, config: config.path },
  };
}

/** Also where the rest is not in order yet, such as somebody who has no proof before this token. */
async function tokensOf(config: ConfigEdit, source: ConfigSource, person: string): Promise<ProgramTokens> {
  const read = programTokens.safeParse(config.valueAt(['people', person, 'tokens']) ?? {});
  return read.data ?? (await readConfig(source)).people[person]?.tokens ?? {};
}

/** JSON is YAML too, on one line. */
function inYaml({ hash, scopes, until }: ProgramTokens[string]): string {
  const ends = until === undefined ? '' : `, until: ${JSON.stringify(until)}`;
  return `{ hash: ${hash}, scopes: [${scopes.join(', ')}]${ends} }`;
}
