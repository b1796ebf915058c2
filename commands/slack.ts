import { z } from 'zod';
import { defineCommand } from '../src/chat/command.ts';
import { UserError } from '../src/errors.ts';
import type { DeployerContext } from './deployer.ts';

export const slack = defineCommand({
  word: 'slack',
  summary: 'Print what the Slack app is made from, or check the live Slack workspace',
  group: 'For the deployer',
  input: z.object({
    what: z.enum(['manifest', 'check']),
    http: z
      .url({ protocol: /^https$/, error: 'must be an https address, such as https://cml.example.org' })
      .optional()
      .meta({ placeholder: 'address' }),
  }),
  positional: ['what'],
  labels: {
    what: 'manifest: of the app; check: tokens, scopes, channels, groups and people, and says nothing to anybody there',
    http: 'Manifest of an app that calls this server at that address, instead of Socket Mode',
  },
  async run({ checkSlack, slackManifest }: DeployerContext, { what, http }) {
    if (what === 'manifest') return slackManifest(http);
    if (http === undefined) return checkSlack();
    throw new UserError('bad-input', 'Only a manifest takes --http.', { hint: 'cml slack manifest --http <address>' });
  },
});
