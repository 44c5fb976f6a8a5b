import { UploadError } from './api.js';
import { PARTS_A_CALL, type SignedPart } from './sessions.js';

export interface SigningPace {
  /** Bytes per second. */
  readonly rate: number;
  readonly partSize: number;
  readonly lanes: number;
  /** For how long a signature is used, in milliseconds. */
  readonly signatureAge: number;
}

/**
 * How many parts to sign at once: as many as begin within most of the life of a signature, at least one for each lane.
 * Signed earlier, they would expire while they wait for a lane.
 */
export function signedAtOnce({ rate, partSize, lanes, signatureAge }: SigningPace): number {
  const begun = (rate * 0.8 * signatureAge) / 1_000 / partSize;
  return Math.min(PARTS_A_CALL, Math.max(lanes, Math.floor(begun)));
}

/** The signed parts of one upload: signed in batches when a lane needs one, and used once. */
export class Signatures {
  readonly #ready = new Map<number, { readonly part: SignedPart; readonly signedAt: number }>();
  readonly #underWay = new Map<number, Promise<void>>();

  /** @param signatureAge For how long a signature is used, in milliseconds of our own clock: it may differ from the server's. */
  constructor(
    private readonly sign: (numbers: readonly number[]) => Promise<readonly SignedPart[]>,
    private readonly signatureAge: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** A part, signed. When it has to be asked for, the parts that come next are signed by the same call. */
  async take(number: number, next: () => readonly number[]): Promise<SignedPart> {
    const ready = this.#ready.get(number);
    if (ready === undefined || this.now() - ready.signedAt >= this.signatureAge) {
      this.#ready.delete(number);
      await (this.#underWay.get(number) ?? this.#signBatch([number, ...next()]));
    }
    const signed = this.#ready.get(number);
    this.#ready.delete(number);
    if (signed === undefined) throw new UploadError('STORAGE_REFUSED', `The server did not sign part ${number}.`);
    return signed.part;
  }

  #signBatch(wanted: readonly number[]): Promise<void> {
    const numbers = wanted.filter((number) => !this.#ready.has(number) && !this.#underWay.has(number));
    const call = this.#call(numbers).finally(() => {
      for (const number of numbers) this.#underWay.delete(number);
    });
    for (const number of numbers) this.#underWay.set(number, call);
    return call;
  }

  async #call(numbers: readonly number[]): Promise<void> {
    const signedAt = this.now();
    for (const part of await this.sign(numbers)) this.#ready.set(part.number, { part, signedAt });
  }
}
