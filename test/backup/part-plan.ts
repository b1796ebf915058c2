import type { PartPlan } from '../../src/records/plan.ts';

export function makePartPlan(changes: Partial<PartPlan> = {}): PartPlan {
  return {
    name: 'db',
    kind: 'volume',
    location: 'internal',
    path: '/live/db',
    capture: 'two-pass',
    reason: 'as configured',
    files: 10_000,
    bytes: 1e9,
    exclude: [],
    ...changes,
  };
}
