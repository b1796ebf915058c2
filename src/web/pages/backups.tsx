import type { Handler } from 'hono';
import { showPage } from '../layout.tsx';
import { Length, Moment, Size, Table } from '../show.tsx';
import { BackupState } from '../states.tsx';
import type { WebEnv } from '../visitor.ts';
import type { WebWorld } from '../web-world.ts';

const ROWS = 50;

export function showBackups({ orchestrator }: WebWorld): Handler<WebEnv> {
  return async (context) => {
    const backups = await orchestrator.listBackups({ limit: ROWS });
    const rows = backups.map((backup) => [
      <a href={`/backups/${backup.id}`}>{backup.name ?? backup.id}</a>,
      backup.workspace,
      <Moment at={backup.takenAt} />,
      backup.by.name,
      <Size bytes={backup.bytes} />,
      <Length ms={backup.downtimeMs} />,
      <BackupState status={backup.status} />,
    ]);
    const columns = [
      { head: 'Backup' },
      { head: 'Workspace' },
      { head: 'Taken at' },
      { head: 'By' },
      { head: 'Size', isNumber: true },
      { head: 'Downtime', isNumber: true },
      { head: 'State' },
    ];
    return showPage(
      context,
      { title: 'Backups', place: '/backups' },
      <Table caption="Newest first" columns={columns} rows={rows} />,
    );
  };
}
