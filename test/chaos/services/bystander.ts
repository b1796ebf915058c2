import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';

/** A plain service without a ready probe; only the chaos run itself asks it whether it is there. */
const server = createServer((_request, response) => response.end());
server.once('error', (error) => {
  const entry = { at: new Date().toISOString(), event: 'doubled', pid: process.pid, problem: error.message };
  appendFileSync(process.env.DIARY ?? '', `${JSON.stringify(entry)}\n`);
  process.exit(1);
});
server.listen(Number(process.env.PORT), '127.0.0.1');
process.once('SIGTERM', () => process.exit(0));
