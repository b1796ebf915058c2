import type { Row } from './row.ts';
import { copies } from './rows/copies.ts';

/** Everything that is measured, in the order of the report. */
export const rows: readonly Row[] = [copies];
