import { expect, test } from 'vitest';
import {
  ConfigError,
  exitCodeOf,
  explain,
  OperationError,
  PortError,
  ServicesDownError,
  UserError,
} from '../src/errors.ts';

test('explains an error with its causes, outermost first', () => {
  const cause = new PortError('repository-held', 'The repository is held.', { cause: new Error('lock 1234') });
  expect(explain(new OperationError('step-failed', 'The cut failed.', { cause }))).toBe(
    'The cut failed: The repository is held: lock 1234',
  );
  expect(explain('just a word')).toBe('just a word');
});

test('an error keeps its family, its code and its hint', () => {
  const error = new UserError('workspace-busy', 'Busy.', { hint: 'Wait.' });
  expect(error).toMatchObject({ name: 'UserError', code: 'workspace-busy', hint: 'Wait.' });
  expect(new PortError('disk-full', 'Full.').retryable).toBe(false);
  expect(new ServicesDownError('Down.').code).toBe('services-still-down');
  expect(new ConfigError(['one', 'two']).problems).toEqual(['one', 'two']);
});

test('every refusal has its exit code', () => {
  const codes = ['bad-input', 'own-approval', 'unknown-backup', 'step-failed'] as const;
  expect(codes.map(exitCodeOf)).toEqual([2, 3, 4, 1]);
});
