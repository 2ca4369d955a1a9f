import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

// Below the range that Linux and macOS hand to outgoing connections. A port from inside it can be taken, while the server is
// down, by the very client that keeps reconnecting to it (a loopback connection to itself), and the restart then fails.
const FIRST_PORT = 20_000;
const LAST_PORT = 32_767;

/** A loopback port that nobody listens on now; another process may still be faster, which the caller must notice. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, LAST_PORT + 1);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
