import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { workspacePolicy } from '../../../src/records/workspace.ts';
import { credentialsSettings } from '../../../src/workspace/cdp/client/settings.ts';
import { cdpSettings } from '../../../src/workspace/cdp/settings.ts';

const guide = readFileSync(join(import.meta.dirname, '../../../docs/control-plane.md'), 'utf8');

test('the configuration that the guide shows is in order, and means what it says', () => {
  const [, text = ''] = /```yaml\n([\s\S]*?)```/.exec(guide) ?? [];
  const { platform, policy } = parse(text).workspaces['ml-prod'];
  const settings = cdpSettings.parse(platform);
  expect(settings).toMatchObject({ kind: 'cdp', backupTimeout: 7_200_000, restore: { timeout: 86_400_000 } });
  expect(workspacePolicy.parse(policy)).toMatchObject({ downtimeBudget: 7_200_000, deleteVendorBackups: false });
});

test('every place of credentials that the guide names is one', () => {
  const section = guide.slice(guide.indexOf('## Credentials'), guide.indexOf('## What is not known'));
  const places = [...section.matchAll(/`(\{ from: [^`]+\})`/g)].map(([, place = '']) => place);
  expect(places).toHaveLength(3);
  for (const place of places) expect(credentialsSettings.parse(parse(place))).toHaveProperty('from');
});
