import { expect, it, test } from 'vitest';
import { readState, saysReady } from '../../../../src/workspace/cdp/client/state.ts';

test.each([
  ['installation:finished', 'installation', 'finished'],
  ['backup:started', 'backup', 'running'],
  ['restore:FAILED', 'restore', 'failed'],
  ['Backup : Cancelled', 'backup', 'cancelled'],
  ['backup:cancelling', 'backup', 'running'],
  ['AVAILABLE', '', 'finished'],
  ['Completed', '', 'finished'],
  ['BackupSucceeded', '', 'finished'],
  ['in_progress', '', 'running'],
  ['CREATING', '', 'running'],
  ['UNAVAILABLE', '', 'unknown'],
  ['not_available', '', 'unknown'],
  ['incomplete', '', 'unknown'],
  ['Ready', '', 'finished'],
  ['not ready', '', 'unknown'],
  ['PARTIALLY_FAILED', '', 'failed'],
  ['completed with errors', '', 'failed'],
  ['unsuccessful', '', 'unknown'],
  ['backup:purring', 'backup', 'running'],
  ['backup:sealed', 'backup', 'unknown'],
  ['', '', 'unknown'],
  [undefined, '', 'unknown'],
])('reads %s', (raw, phase, outcome) => {
  expect(readState(raw)).toEqual({ raw: raw ?? '', phase, outcome });
});

it('calls a workspace ready in the two states that the product calls so, and in no other', () => {
  expect(['installation:finished', 'modify:finished', 'Modify:Finished'].map(saysReady)).toEqual([true, true, true]);
  const others = [
    'installation:started',
    'backup:finished',
    'deprovision:finished',
    'finished',
    'ready',
    '',
    undefined,
  ];
  expect(others.filter(saysReady)).toEqual([]);
});
