import { randomBytes } from 'node:crypto';
import type { Answer } from './chat/answer.ts';
import type { ConfigSource } from './config.ts';
import { type ConfigEdit, openConfig } from './config-file.ts';
import { UserError } from './errors.ts';
import { hashToken } from './main-people.ts';
import { suggest } from './nearest.ts';

/** What proves that somebody is a certain person; kept by them alone. */
export function newToken(): string {
  return randomBytes(18).toString('base64url');
}

/** Makes a token for a person of cml.yaml, which keeps its hash only. A token from before counts no more. */
export async function makeToken(source: ConfigSource, person: string): Promise<Answer> {
  const config = await openConfig(source);
  refuseStranger(config, person);
  const token = newToken();
  const text = config.with(config.text, ['people', person, 'token'], hashToken(token));
  await config.check(text);
  await config.write(text);
  return {
    text: `${person} has a new token; its hash stands in ${config.path}, and any token from before is worth nothing.`,
    tone: 'good',
    fields: [[`Token of ${person}`, `${token} (shown this once: hand it to ${person} and to nobody else)`]],
    json: { person, token, config: config.path },
    hint: `They speak with it by: cml status --as ${person} (asks for the token, or reads it from CML_TOKEN)`,
  };
}

/** @throws UserError `bad-input`. */
export function refuseStranger(config: ConfigEdit, person: string): void {
  const people = config.keysOf('people');
  if (people.includes(person)) return;
  throw new UserError('bad-input', `There is no person "${person}" in ${config.path}; nothing was changed.`, {
    hint: suggest(person, people, `Add them first, under "people": ${person}: {}`),
  });
}
