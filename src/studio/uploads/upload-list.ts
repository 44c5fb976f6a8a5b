import { useSyncExternalStore } from 'react';
import { UploadError, type Upload, type UploadSource } from '../../upload-client/api.js';
import { announce } from '../ui/announce.js';
import { words } from '../words.js';
import { abortSession, interruptedUploads } from './interrupted.js';
import { preflight } from './preflight.js';
import { refreshOwner } from './refresh-owner.js';
import { isRunning, type Target, type UploadItem } from './upload-item.js';
import { uploader } from './uploader.js';

/** All uploads of this tab, outside React: they continue whatever page is shown. */
class UploadList {
  #items: readonly UploadItem[] = [];
  readonly #uploads = new Map<number, Upload>();
  readonly #sources = new Map<number, UploadSource | null>();
  readonly #listeners = new Set<() => void>();
  #lastKey = 0;

  get items(): readonly UploadItem[] {
    return this.#items;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Checks a file, and begins to send it unless the server would refuse it. */
  start(source: UploadSource & { readonly name: string }, target: Target, size?: number): void {
    const key = ++this.#lastKey;
    const item: UploadItem = {
      key,
      filename: target.filename ?? source.name,
      size: size ?? ('size' in source ? source.size : 0),
      target,
      state: 'checking',
      loaded: 0,
      rate: 0,
      error: null,
      warnings: [],
      sessionId: null,
      hasFile: true,
    };
    this.#sources.set(key, source);
    this.#set([...this.#items, item]);
    void this.#check(item, source);
  }

  /** Lists what was begun before this page was loaded, or in another browser. */
  async findInterrupted(): Promise<void> {
    const found = await interruptedUploads();
    const known = new Set(this.#items.map(({ sessionId }) => sessionId));
    const added = found.filter(({ sessionId }) => !known.has(sessionId));
    this.#set([...this.#items, ...added.map((item) => ({ ...item, key: ++this.#lastKey }))]);
  }

  /** The file of an upload, if this tab has it. */
  async fileOf(key: number): Promise<Blob | null> {
    const source = this.#sources.get(key);
    return source && 'getFile' in source ? source.getFile() : (source ?? null);
  }

  pause(key: number): void {
    this.#uploads.get(key)?.pause();
  }

  resume(key: number): void {
    this.#uploads.get(key)?.resume();
  }

  /** Ends an upload; the server deletes what has arrived. */
  cancel(key: number): void {
    const upload = this.#uploads.get(key);
    this.#remove(key);
    // When the server cannot be told, the session expires by itself.
    upload?.abort().catch(() => undefined);
  }

  /** Sends a failed file again: only what is missing. */
  retry(key: number): void {
    const source = this.#sources.get(key);
    if (source !== undefined) this.#run(key, source);
  }

  /** Continues an interrupted upload, with the file that was chosen, or with the one that the browser has kept. */
  continue(key: number, source: File | null): void {
    this.#run(key, source);
  }

  /** Ends an interrupted upload. */
  async discard(key: number): Promise<void> {
    const item = this.#items.find((one) => one.key === key);
    this.#remove(key);
    if (item) await abortSession(item);
  }

  dismiss(key: number): void {
    this.#remove(key);
  }

  dismissWarnings(key: number): void {
    this.#change(key, { warnings: [] });
  }

  clearFinished(): void {
    for (const { key, state } of this.#items) if (state === 'done') this.#remove(key);
  }

  async #check({ key, filename, target }: UploadItem, source: UploadSource): Promise<void> {
    const { refusal, warnings } = await preflight(source, filename, target.slot);
    if (refusal) return this.#change(key, { state: 'refused', error: refusal });
    this.#change(key, { warnings });
    this.#run(key, source);
  }

  #run(key: number, source: UploadSource | null): void {
    const item = this.#items.find((one) => one.key === key);
    if (!item) return;
    this.#sources.set(key, source);
    this.#change(key, { state: 'waiting', error: null });
    const upload = uploader.upload(source, {
      ...item.target,
      ...(item.sessionId !== null && { sessionId: item.sessionId }),
      onProgress: ({ loaded, total, rate }) => this.#change(key, { loaded, size: total, rate }),
      onState: (state) => this.#change(key, { state }),
    });
    this.#uploads.set(key, upload);
    upload.sessionId.then(
      (sessionId) => this.#change(key, { sessionId }),
      () => undefined,
    );
    upload.done.then(
      () => this.#finish(key, item),
      (error: unknown) => this.#fail(key, error),
    );
  }

  #finish(key: number, { filename, size, target }: UploadItem): void {
    this.#change(key, { state: 'done', loaded: size, rate: 0 });
    this.#uploads.delete(key);
    announce(words.uploads.published(filename));
    // The page shows the old state until it is asked again; that is no failure of the upload.
    refreshOwner(target).catch(() => undefined);
  }

  #fail(key: number, error: unknown): void {
    const isKnown = error instanceof UploadError;
    if (isKnown && error.code === 'ABORTED') return this.#remove(key);
    const sentence = error instanceof Error ? error.message : words.errors.unknown;
    const shown = isKnown ? error : new UploadError('UNKNOWN', sentence, { retryable: true, cause: error });
    this.#uploads.delete(key);
    this.#change(key, { state: 'failed', error: shown, rate: 0 });
  }

  #change(key: number, change: Partial<UploadItem>): void {
    this.#set(this.#items.map((item) => (item.key === key ? { ...item, ...change } : item)));
  }

  #remove(key: number): void {
    this.#uploads.delete(key);
    this.#sources.delete(key);
    this.#set(this.#items.filter((item) => item.key !== key));
  }

  #set(items: readonly UploadItem[]): void {
    this.#items = items;
    for (const listener of this.#listeners) listener();
  }
}

export const uploads = new UploadList();

// A closed tab stops what is being sent; the browser asks first.
addEventListener('beforeunload', (event) => {
  if (uploads.items.some(isRunning)) event.preventDefault();
});

export function useUploads(): readonly UploadItem[] {
  return useSyncExternalStore(uploads.subscribe, () => uploads.items);
}

/** The newest upload to a place that has not ended. */
export function useUploadTo({ slot, ownerId }: Pick<Target, 'slot' | 'ownerId'>): UploadItem | undefined {
  const find = (): UploadItem | undefined =>
    uploads.items.findLast(
      ({ target, state }) => target.slot === slot && target.ownerId === ownerId && state !== 'done',
    );
  return useSyncExternalStore(uploads.subscribe, find);
}
