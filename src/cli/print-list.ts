import { once } from 'node:events';

export interface ListLayout<T> {
  /** True: prints one JSON list instead of lines. */
  readonly json: boolean;
  /** Printed above the first line. */
  readonly heading?: string;
  readonly line: (item: T) => string;
  /** Called before each write, for instance to clear a progress bar. */
  readonly beforeWrite?: () => void;
}

/** Prints items to standard output as they arrive, in bounded memory. Returns the number of items. */
export async function printList<T>(items: AsyncIterable<T>, layout: ListLayout<T>): Promise<number> {
  const { json, heading, line, beforeWrite } = layout;
  const write = async (text: string): Promise<void> => {
    beforeWrite?.();
    if (!process.stdout.write(text)) await once(process.stdout, 'drain');
  };
  let count = 0;
  for await (const item of items) {
    const text = json ? JSON.stringify(item) : `${line(item)}\n`;
    const before = json ? (count === 0 ? '[\n' : ',\n') : count === 0 && heading !== undefined ? `${heading}\n` : '';
    await write(before + text);
    count += 1;
  }
  if (json) await write(count === 0 ? '[]\n' : '\n]\n');
  return count;
}
