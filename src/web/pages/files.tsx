import type { Handler } from 'hono';
import type { Child, FC } from 'hono/jsx';
import { z } from 'zod';
import { writeCount, writeName } from '../../chat/messages/words.ts';
import type { CopyEntry } from '../../mover/mover.ts';
import type { BackupFolder } from '../../orchestrator/browse-backup.ts';
import { parseQuery } from '../form.ts';
import { showPage } from '../layout.tsx';
import { Moment, Size, Table } from '../show.tsx';
import type { WebEnv } from '../visitor.ts';
import type { WebWorld } from '../web-world.ts';

const ROWS = 200;
/** Stands in the names of what is not UTF-8, which nobody can ask for. */
const NOT_TEXT = '\ufffd';

const filesQuery = z.object({
  path: z.string().max(4_096).default(''),
  from: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
});

/** What a backup has of the shared folders, a folder at a time. */
export function showFiles({ orchestrator }: WebWorld): Handler<WebEnv, '/backups/:id/files'> {
  return async (context) => {
    const { person } = context.get('visitor');
    const { path, from } = parseQuery(context, filesQuery);
    const wish = { backup: context.req.param('id'), path, from, limit: ROWS };
    const folder = await orchestrator.browseBackup(person, wish, context.req.raw.signal);
    return showPage(
      context,
      { title: `Files in ${folder.backup.name ?? folder.backup.id}`, place: '/backups' },
      <>
        <Where folder={folder} />
        {folder.entries.length === 0 ? <p>{emptyWords(folder)}</p> : <Entries folder={folder} />}
        <nav class="pages" aria-label="Pages">
          {folder.from === 0 ? null : <a href={folderAddress(folder, folder.path)}>First page</a>}
          {folder.next === undefined ? null : (
            <a href={folderAddress(folder, folder.path, folder.next)} rel="next">
              Next {ROWS}
            </a>
          )}
        </nav>
        <p class="faint">Whoever looks into a folder or downloads a file stands in the audit trail.</p>
      </>,
    );
  };
}

function emptyWords({ path, from }: BackupFolder): string {
  if (path === '') return 'It has no shared folder.';
  return from === 0 ? 'This folder is empty.' : 'There is nothing more in it.';
}

function folderAddress({ backup }: BackupFolder, path: string, from = 0): string {
  const said = new URLSearchParams({ ...(path === '' ? {} : { path }), ...(from === 0 ? {} : { from: String(from) }) });
  return `/backups/${backup.id}/files${said.size === 0 ? '' : `?${said}`}`;
}

/** From the backup down to this folder. */
const Where: FC<{ folder: BackupFolder }> = ({ folder }) => {
  const { backup, path } = folder;
  const names = path === '' ? [] : path.split('/');
  return (
    <nav class="crumbs" aria-label="Folder">
      <a href={`/backups/${backup.id}`}>{backup.id}</a>
      <a href={folderAddress(folder, '')} aria-current={path === '' ? 'page' : undefined}>
        files
      </a>
      {names.map((name, depth) => (
        <a
          href={folderAddress(folder, names.slice(0, depth + 1).join('/'))}
          aria-current={depth === names.length - 1 ? 'page' : undefined}
        >
          <bdi>{writeName(name)}</bdi>
        </a>
      ))}
    </nav>
  );
};

const Entries: FC<{ folder: BackupFolder }> = ({ folder }) => (
  <Table
    caption={`${writeCount(folder.entries.length, 'entry', 'entries')}${folder.from === 0 ? '' : `, from number ${(folder.from + 1).toLocaleString('en')}`}`}
    columns={[
      { head: 'Name', isText: true },
      { head: 'Size', isNumber: true },
      { head: 'Changed' },
      { head: 'Download' },
    ]}
    rows={folder.entries.map((entry) => [
      <Name folder={folder} entry={entry} />,
      entry.type === 'file' || folder.path === '' ? <Size bytes={entry.bytes} /> : '',
      entry.changedAt ? <Moment at={entry.changedAt} /> : '',
      <DownloadLink folder={folder} entry={entry} />,
    ])}
  />
);

const pathOf = ({ path }: BackupFolder, { name }: CopyEntry) => (path === '' ? name : `${path}/${name}`);

interface EntryProps {
  readonly folder: BackupFolder;
  readonly entry: CopyEntry;
}

const Name: FC<EntryProps> = ({ folder, entry }) => {
  const { name, type } = entry;
  const shown = <bdi>{writeName(name)}</bdi>;
  if (name.includes(NOT_TEXT))
    return <Odd shown={shown} is="its name is not UTF-8: restore the folder that it is in" />;
  if (type === 'folder') return <a href={folderAddress(folder, pathOf(folder, entry))}>{shown}/</a>;
  if (type === 'file') return shown;
  return <Odd shown={shown} is={type === 'link' ? 'a link' : 'neither a file nor a folder'} />;
};

const Odd: FC<{ shown: Child; is: string }> = ({ shown, is }) => (
  <span>
    {shown} <span class="faint">({is})</span>
  </span>
);

/** Not marked as a download for the browser: a refusal is then a page that says why. */
const DownloadLink: FC<EntryProps> = ({ folder, entry }) => {
  if (entry.type !== 'file' || entry.name.includes(NOT_TEXT)) return null;
  const said = new URLSearchParams({ path: pathOf(folder, entry) });
  return (
    <a href={`/backups/${folder.backup.id}/file?${said}`} aria-label={`Download ${writeName(entry.name)}`}>
      Download
    </a>
  );
};
