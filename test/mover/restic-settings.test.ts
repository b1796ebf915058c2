import { describe, expect, it } from 'vitest';
import { failureOf } from '../../src/mover/restic/failure.ts';
import { copyProgress, parseLine, plainSentence, unreadableItems } from '../../src/mover/restic/output.ts';
import { isUsable } from '../../src/mover/restic/probe.ts';
import { localFolderOf, resticSettings } from '../../src/mover/restic/settings.ts';

const settings = { kind: 'restic', location: '/backup', passwordFile: '/secret' };

describe('the settings of a restic repository', () => {
  it('need a password file or a password command, and only one of them', () => {
    expect(resticSettings.parse(settings)).toMatchObject({ lockWait: 120_000, environment: {} });
    expect(resticSettings.safeParse({ ...settings, passwordCommand: ['pass'] }).success).toBe(false);
    expect(resticSettings.safeParse({ kind: 'restic', location: '/backup' }).success).toBe(false);
  });

  it('refuse what would get round them', () => {
    const sneaky = { ...settings, environment: { RESTIC_PASSWORD: 'secret' } };
    expect(resticSettings.safeParse(sneaky).success).toBe(false);
    const unquotable = { kind: 'restic', location: '/backup', passwordCommand: ['pass', `'"`] };
    expect(resticSettings.safeParse(unquotable).success).toBe(false);
  });

  it('tell a folder from a location elsewhere', () => {
    expect(localFolderOf('./backup')).toBe('./backup');
    expect(localFolderOf('local:/backup')).toBe('/backup');
    expect(localFolderOf('s3:https://host/bucket')).toBeUndefined();
  });
});

describe('what restic says', () => {
  it('is usable from 0.17.1 on', () => {
    expect(['0.14.0', '0.17.0', '0.17.1', '0.18.0', '0.19.1', '1.0.0'].map(isUsable)).toEqual([
      false,
      false,
      true,
      true,
      true,
      true,
    ]);
  });

  it('is understood when plain text, cut lines and unknown messages stand among it', () => {
    expect(parseLine('scan finished')).toBeUndefined();
    expect(parseLine('{"message_type":"sta')).toBeUndefined();
    expect(copyProgress({ message_type: 'new_thing', files_done: 1 })).toBeUndefined();
    const status = {
      message_type: 'status',
      percent_done: 0.5,
      total_files: 10,
      total_bytes: 20,
      seconds_remaining: 3,
    };
    expect(copyProgress(status)).toEqual({
      filesDone: 0,
      filesTotal: 10,
      bytesDone: 0,
      bytesTotal: 20,
      remainingMs: 3000,
    });
    const error = '{"message_type":"error","error":{"message":"denied"},"during":"archival","item":"/a"}';
    expect(unreadableItems(['noise', error, error])).toEqual([{ path: '/a', hasVanished: false }]);
    expect(plainSentence('\u001b[2Ksignal received')).toBe('signal received');
  });

  it('becomes an error that says who must act', () => {
    const ended = (exitCode: number | null, stderr: string[], signal: string | null = null) =>
      failureOf({ exitCode, signal, stderr, durationMs: 1 }, '/backup');
    expect(ended(1, ['Save(<data>) failed: write: no space left on device'])).toMatchObject({ code: 'disk-full' });
    expect(ended(1, ['dial tcp: connection refused'])).toMatchObject({ code: 'mover-unavailable', retryable: true });
    expect(ended(1, ['something new'])).toMatchObject({ code: 'mover-unavailable', retryable: false });
    expect(ended(null, [], 'SIGKILL')).toMatchObject({ code: 'mover-unavailable', retryable: true });
    expect(ended(11, [])).toMatchObject({ code: 'repository-held', retryable: true });
  });
});
