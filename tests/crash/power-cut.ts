import { fstatSync, readSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

type Operation = (this: FileHandle, ...args: unknown[]) => Promise<unknown>;

/** What changes files, and what makes the changes survive a power cut. */
const WRITES = ['write', 'writev'] as const;
const SYNCS = ['sync', 'datasync'] as const;

/** A file as the disk had it when it was synced last. */
export type Synced = ReadonlyMap<number, Buffer>;

/**
 * Cuts the power of this process before one of its operations on files: neither that one nor any later one is carried
 * out. Follows what was synced by then, by the inode of each file.
 */
export class PowerCut {
  private readonly synced = new Map<number, Buffer>();
  private readonly restores: (() => void)[] = [];
  private operations = 0;
  private off = false;
  /** What is to be seen at the cut, and what was. The work that is cut off hears of neither. */
  private atCut: (() => Promise<void>) | undefined;
  private seen: Promise<void> | undefined;

  /** @param before The number of the operation, from 0. */
  constructor(private readonly before: number) {}

  get hasHappened(): boolean {
    return this.off;
  }

  /** The files that were synced since `during` began. */
  get onDisk(): Synced {
    return this.synced;
  }

  /**
   * Runs some work, and `atCut` at the moment of the cut, if the work comes to it. The work is expected to fail then.
   * Rejects with the error of `atCut`, or with that of work that was not cut off.
   */
  async during(work: () => Promise<unknown>, atCut: () => Promise<void>): Promise<void> {
    this.atCut = atCut;
    const probe = await open('/dev/null');
    const prototype = Object.getPrototypeOf(probe) as Record<string, Operation>;
    await probe.close();
    for (const name of WRITES) this.replace(prototype, name, (_handle, run) => run());
    for (const name of SYNCS) {
      this.replace(prototype, name, async (handle, run) => {
        await run();
        this.synced.set(fstatSync(handle.fd).ino, contentOf(handle));
      });
    }
    try {
      await work().catch((error: unknown) => {
        if (!this.off) throw error;
      });
      await this.seen;
    } finally {
      for (const restore of this.restores) restore();
    }
  }

  private replace(
    prototype: Record<string, Operation>,
    name: string,
    follow: (handle: FileHandle, run: () => Promise<unknown>) => Promise<unknown>,
  ): void {
    const original = prototype[name];
    if (!original) throw new Error(`File handles have no method "${name}" any more.`);
    const pass = (): Promise<void> => this.pass();
    prototype[name] = async function (...args) {
      await pass();
      return follow(this, () => original.apply(this, args));
    };
    this.restores.push(() => (prototype[name] = original));
  }

  private async pass(): Promise<void> {
    if (!this.off && this.operations++ === this.before) {
      this.off = true;
      this.seen = this.atCut?.();
      await this.seen?.catch(() => undefined);
    }
    if (this.off) throw new Error('The power is off.');
  }
}

function contentOf({ fd }: FileHandle): Buffer {
  const content = Buffer.alloc(fstatSync(fd).size);
  readSync(fd, content, 0, content.length, 0);
  return content;
}
