import { describe, expect, test } from 'vitest';
import { retentionRules } from '../../src/records/retention.ts';

function saysOf(rules: unknown): string {
  const read = retentionRules.safeParse(rules);
  return read.success ? '' : read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
}

describe('the rules of retention', () => {
  test('are read the human way, in UTC unless a zone is named', () => {
    const rules = { last: 7, daily: 14, within: '30d' };
    expect(retentionRules.parse(rules)).toEqual({ last: 7, daily: 14, within: 30 * 86_400_000, zone: 'UTC' });
    expect(retentionRules.parse({ yearly: 3, zone: 'Europe/Berlin' })).toEqual({ yearly: 3, zone: 'Europe/Berlin' });
  });

  test('are refused by name when they would keep nothing', () => {
    expect(saysOf({ last: 7, daily: 0 })).toBe('daily: a rule of 0 keeps nothing: leave it out');
    expect(saysOf({ last: -1 })).toContain('last: ');
    expect(saysOf({ last: 1.5 })).toContain('last: ');
    expect(saysOf({ within: '0' })).toBe('within: a length of 0 keeps nothing: leave it out');
    expect(saysOf({})).toContain('no rule is named, so nothing would be kept');
    expect(saysOf({ zone: 'Europe/Berlin' })).toContain('no rule is named');
  });

  test('are refused by name when a zone, a length or a rule is not known', () => {
    expect(saysOf({ last: 1, zone: 'Europe/Bärlin' })).toBe(
      'zone: "Europe/Bärlin" is no time zone: write one such as Europe/Berlin or UTC',
    );
    expect(saysOf({ within: 'a while' })).toContain('within: "a while" is not a length of time');
    expect(saysOf({ last: 1, dayly: 3 })).toContain('dayly');
  });
});
