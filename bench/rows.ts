import { benchCatalog } from './catalog.ts';
import type { Row } from './row.ts';
import { cancel } from './rows/cancel.ts';
import { createCatalogRow } from './rows/catalog.ts';
import { copies } from './rows/copies.ts';
import { downtime } from './rows/downtime.ts';
import { kubeDowntime } from './rows/kube-downtime.ts';
import { kubeMany } from './rows/kube-many.ts';
import { kubeRequests } from './rows/kube-requests.ts';
import { latency } from './rows/latency.ts';
import { memory } from './rows/memory.ts';
import { restore } from './rows/restore.ts';
import { schedules } from './rows/schedules.ts';
import { slackRow } from './rows/slack.ts';
import { web } from './rows/web.ts';

/** Everything that is measured, in the order of the report. */
export const rows: readonly Row[] = [
  copies,
  downtime,
  latency,
  cancel,
  restore,
  memory,
  kubeDowntime,
  kubeRequests,
  kubeMany,
  schedules,
  slackRow,
  web,
  createCatalogRow(benchCatalog),
];
