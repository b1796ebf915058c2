import { changing } from './changing.ts';
import type { Operation } from './operation.ts';
import { reading } from './reading.ts';

export const OPERATIONS: Readonly<Record<string, Operation>> = { ...reading, ...changing };
