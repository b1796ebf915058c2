/**
 * A small web service with state, as the source of a program for `node -e`: it holds a file of its volume open for
 * appending, answers GET / when it can be used, appends what is posted, and notes when it came and went.
 */
export const RECORDER = `
const { appendFileSync, openSync, writeSync } = require('node:fs');
const { createServer } = require('node:http');
const { NOTES, PORT, RECORDS } = process.env;
const note = (what) => appendFileSync(NOTES, what + ' ' + new Date().toISOString() + '\\n');
const records = openSync(RECORDS, 'a');
const server = createServer((request, response) => {
  request.on('data', (chunk) => writeSync(records, chunk + '\\n'));
  request.on('end', () => response.end('ok'));
});
server.listen(Number(PORT), '127.0.0.1', () => note('up'));
process.on('SIGTERM', () => {
  note('down');
  process.exit(0);
});
`;
