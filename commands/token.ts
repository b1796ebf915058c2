import { z } from 'zod';
import type { Answer } from '../src/chat/answer.ts';
import { defineCommand } from '../src/chat/command.ts';
import { UserError } from '../src/errors.ts';
import { personName } from '../src/records/person.ts';
import { scope, tokenName } from '../src/records/scope.ts';
import { duration } from '../src/records/time.ts';
import type { DeployerContext } from './deployer.ts';

const input = z.object({
  person: personName.optional(),
  scope: z.array(scope).min(1).optional(),
  expires: duration.optional(),
  name: tokenName.optional(),
  list: z.boolean().default(false),
  revoke: tokenName.meta({ placeholder: 'name' }).optional(),
});

export const token = defineCommand({
  word: 'token',
  summary: 'Make a new token for a person or a program, show it once, and write its hash into cml.yaml',
  group: 'For the deployer',
  input,
  positional: ['person'],
  labels: {
    person: 'Who stands under "people" in cml.yaml; their own token from before is worth nothing then',
    scope: 'Make one for a program instead, which may do only this on the page and its API; may be given again',
    expires: 'For a program: it is good for so long, such as 90d; without --scope it may read',
    name: 'For a program: what it is listed by',
    list: 'Show the tokens that there are, of one person or of all',
    revoke: 'Name a token of a program that shall be worth nothing from now on',
  },
  async run(context: DeployerContext, { person, list, revoke, scope: scopes, expires, name }): Promise<Answer> {
    const isForProgram = scopes !== undefined || expires !== undefined || name !== undefined;
    if ([list, revoke !== undefined, isForProgram].filter(Boolean).length > 1) {
      throw new UserError('bad-input', 'To make, to list and to revoke are three things.', {
        hint: 'Say one of them.',
      });
    }
    if (list) return context.listTokens(person);
    if (person === undefined) {
      throw new UserError('bad-input', 'It is not said whose token.', { hint: 'Say: cml token <person>' });
    }
    if (revoke !== undefined) return context.revokeToken(person, revoke);
    if (!isForProgram) return context.makeToken(person);
    return context.makeProgramToken(person, { scopes: scopes ?? ['read'], name, expires });
  },
});
