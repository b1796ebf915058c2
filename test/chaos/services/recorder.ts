import { createHash, randomUUID } from 'node:crypto';
import { appendFileSync, closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import { addRecord, type ChainEnd, NO_RECORDS, readRecords } from '../records.ts';

/**
 * A service that keeps a file on the volume open and appends a record to it many times a second. Into a diary outside of
 * the workspace it writes what it found when it began and what it left when it was told to stop.
 */
const port = Number(process.env.PORT);
const path = process.env.RECORDS ?? '';
const diary = process.env.DIARY ?? '';
const PAUSE_MS = 50;

let file: number | undefined;
let end: ChainEnd = NO_RECORDS;

function tell(event: 'start' | 'stop' | 'doubled' | 'broken', problem?: string): void {
  const content = readContent();
  const sha256 = createHash('sha256').update(content).digest('hex');
  const entry = { at: new Date().toISOString(), event, pid: process.pid, bytes: content.length, sha256, problem };
  appendFileSync(diary, `${JSON.stringify(entry)}\n`);
}

function readContent(): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw cause;
  }
}

process.once('SIGTERM', () => {
  if (file !== undefined) {
    fsyncSync(file);
    closeSync(file);
    tell('stop');
  }
  process.exit(0);
});

const server = createServer((_request, response) => {
  response.statusCode = file === undefined ? 503 : 200;
  response.end();
});
// The port is taken first: it keeps a second one of us away from the file, and says so.
server.once('error', (error) => {
  tell('doubled', error.message);
  process.exit(1);
});
server.listen(port, '127.0.0.1', () => {
  const found = readRecords(readContent().toString('utf8'));
  if (found.problem !== undefined) {
    tell('broken', found.problem);
    process.exit(1);
  }
  end = found.end;
  tell('start');
  file = openSync(path, 'a');
  setInterval(record, PAUSE_MS);
});

function record(): void {
  if (file === undefined) return;
  const added = addRecord(end, `${new Date().toISOString()}/${randomUUID()}`);
  writeSync(file, added.line);
  end = added.end;
}
