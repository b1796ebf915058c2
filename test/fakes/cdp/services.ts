import { createServer, type Server, type Socket } from 'node:net';

/**
 * The services of one workspace: a real listener stands for its database. While they are down its port refuses.
 */
export interface Services {
  /** 127.0.0.1; the same port as long as the double lives. */
  readonly port: number;
  readonly areUp: boolean;
  up(): Promise<void>;
  down(): Promise<void>;
  /** Told after each change, and waited for: a test may start and stop more with them. */
  watch(told: (areUp: boolean) => unknown): () => void;
}

export async function createServices(): Promise<Services> {
  const sockets = new Set<Socket>();
  const watchers = new Set<(areUp: boolean) => unknown>();
  let port = 0;
  let server: Server | undefined;
  const changed = async (areUp: boolean) => {
    for (const told of watchers) await told(areUp);
  };
  const services: Services = {
    get port() {
      return port;
    },
    get areUp() {
      return server !== undefined;
    },
    async up() {
      if (server) return;
      server = await listen(port, sockets);
      const address = server.address();
      port = typeof address === 'object' && address ? address.port : port;
      await changed(true);
    },
    async down() {
      const ending = server;
      if (!ending) return;
      server = undefined;
      const closed = new Promise((resolve) => ending.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
      await changed(false);
    },
    watch(told) {
      watchers.add(told);
      return () => void watchers.delete(told);
    },
  };
  await services.up();
  return services;
}

function listen(port: number, sockets: Set<Socket>): Promise<Server> {
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.write('ready\n');
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
