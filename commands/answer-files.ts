import type { Answer } from '../src/chat/answer.ts';
import { writeCount, writeMoment, writeName, writeSize } from '../src/chat/messages/words.ts';
import type { BackupFolder } from '../src/orchestrator/browse-backup.ts';
import type { FoundFile } from '../src/orchestrator/download-file.ts';
import { asJson } from './answers.ts';

type Entry = BackupFolder['entries'][number];

export function answerFolder({ backup, path, entries, from, next }: BackupFolder): Answer {
  const where = path === '' ? backup.id : `${writeName(path)} in ${backup.id}`;
  const text =
    entries.length === 0 && from === 0
      ? `There is nothing in ${where}.`
      : `${writeCount(entries.length, path === '' ? 'shared folder' : 'entry', path === '' ? 'shared folders' : 'entries')} of ${where}${from === 0 ? '' : `, from number ${from + 1}`}.`;
  const more =
    next === undefined ? {} : { hint: `There are more: cml files ${backup.id} '${path}' --from ${next + 1}` };
  return {
    text,
    tone: 'info',
    ...(entries.length === 0
      ? {}
      : { table: { columns: ['Name', 'Size', 'Changed'], rows: entries.map(rowOf(path)) } }),
    ...more,
    json: asJson({ backup: backup.id, path, entries, ...(next === undefined ? {} : { next: next + 1 }) }),
  };
}

const SIGNS: Readonly<Record<Entry['type'], string>> = { file: '', folder: '/', link: ' (link)', other: ' (special)' };

function rowOf(path: string) {
  return ({ name, type, bytes, changedAt }: Entry): string[] => [
    `${writeName(name)}${SIGNS[type]}`,
    type === 'file' || path === '' ? writeSize(bytes) : '',
    changedAt === undefined ? '' : writeMoment(changedAt),
  ];
}

/** Who asked gets the file itself from there. */
export function answerFile({ backup, path, bytes }: FoundFile, to: string): Answer {
  return {
    text: `${writeName(path)} of ${backup.id}, ${writeSize(bytes)}.`,
    tone: 'info',
    json: asJson({ backup: backup.id, path, bytes }),
    download: { backup: backup.id, path, bytes, to },
  };
}
