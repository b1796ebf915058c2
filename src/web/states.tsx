import type { FC } from 'hono/jsx';
import type { Backup } from '../records/backup.ts';
import type { Operation } from '../records/operation.ts';
import type { Request } from '../records/request.ts';
import { State, type Tone } from './show.tsx';

const OF_BACKUP: Record<Backup['status'], Tone> = {
  completed: 'good',
  incomplete: 'warning',
  deleting: 'busy',
  deleted: 'quiet',
};

export const BackupState: FC<{ status: Backup['status'] }> = ({ status }) => (
  <State tone={OF_BACKUP[status]}>{status}</State>
);

const OF_OPERATION: Record<Operation['status'], Tone> = {
  running: 'busy',
  succeeded: 'good',
  failed: 'bad',
  cancelled: 'quiet',
};

export const OperationState: FC<{ status: Operation['status'] }> = ({ status }) => (
  <State tone={OF_OPERATION[status]}>{status}</State>
);

const OF_REQUEST: Record<Request['status'], Tone> = {
  pending: 'warning',
  approved: 'good',
  denied: 'bad',
  expired: 'quiet',
  withdrawn: 'quiet',
  used: 'good',
};

export const RequestState: FC<{ status: Request['status'] }> = ({ status }) => (
  <State tone={OF_REQUEST[status]}>{status === 'pending' ? 'waits for a decision' : status}</State>
);
