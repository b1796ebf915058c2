import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { readExpression } from '../../src/schedule/expression.ts';
import { workspaceSchedules } from '../../src/schedule/settings.ts';
import { readWindow } from '../../src/schedule/window.ts';

const guide = readFileSync(join(import.meta.dirname, '../../docs/schedules.md'), 'utf8');

test('every form that the guide names is understood', () => {
  const table = guide.slice(guide.indexOf('| form | such as |'), guide.indexOf('Times are'));
  const forms = [...table.matchAll(/`([^`]+)`/g)].map(([, form = '']) => form);
  expect(forms.length).toBeGreaterThan(20);
  for (const form of forms) expect(readExpression(form).text).toBe(form);
});

test('the examples of the guide are in order', () => {
  const [first = '', second = ''] = [...guide.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text);
  expect(workspaceSchedules.parse(parse(first).workspaces['ml-prod'].schedules)).toHaveProperty(
    'nightly.notice',
    1_800_000,
  );
  expect(readWindow(parse(second).window).days.map((ranges) => ranges.length)).toEqual([0, 1, 1, 1, 1, 1, 1]);
});
