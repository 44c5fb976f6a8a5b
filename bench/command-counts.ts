import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedDatabase } from '../src/database/embedded/index.js';
import { startTcpProxy } from '../tests/support/tcp-proxy.js';

/** An embedded database behind a proxy that counts the commands to it. */
export interface CountingDatabase {
  /** For MONGODB_URI. */
  readonly uri: string;
  /** The commands so far, without those that keep connections alive. */
  count(): number;
  stop(): Promise<void>;
}

/** Where a message says what it is. Source: MongoDB Wire Protocol, MsgHeader and OP_MSG. */
const OPCODE_AT = 12;
const OP_MSG = 2013;
/** Behind the header, the flags and the kind of the section are the length of the document and the type of its first element. */
const NAME_AT = 26;
const NOT_COUNTED = ['hello', 'ping', 'endSessions'];

export async function startCountingDatabase(): Promise<CountingDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'lectern-counted-'));
  const socketPath = join(folder, 'socket');
  const database = await startEmbeddedDatabase({ directory: join(folder, 'data'), socketPath });
  const proxy = await startTcpProxy({ path: socketPath });
  let commands = 0;
  const note = (bytes: Buffer): boolean => {
    if (bytes.length > NAME_AT && bytes.readInt32LE(OPCODE_AT) === OP_MSG) {
      const name = bytes.toString('latin1', NAME_AT, bytes.indexOf(0, NAME_AT));
      if (!NOT_COUNTED.includes(name)) commands += 1;
    }
    return false;
  };
  proxy.turn({ kind: 'losing replies', matches: note });
  return {
    uri: `mongodb://127.0.0.1:${proxy.port}/bench?directConnection=true`,
    count: () => commands,
    stop: async () => {
      await proxy.close();
      await database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
