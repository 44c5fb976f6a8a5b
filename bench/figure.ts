/** How much is measured. */
export interface Scale {
  /** Rounds that count. Each measures every contestant once. */
  readonly rounds: number;
  /** Rounds before these, which do not count. */
  readonly warmUp: number;
  /** `--smoke`: tiny sizes, to see that the measurement still runs. Its numbers mean nothing. */
  readonly smoke: boolean;
}

/** One of those that are compared. Does its work once and returns what was measured, in the unit of the figure. */
export type Contestant = () => Promise<number>;

export interface Contest {
  /** By the name that the table shows. The first is the base line. */
  readonly contestants: ReadonlyMap<string, Contestant>;
  tearDown(): Promise<void>;
}

/** What a contestant has to reach. */
export interface Goal {
  readonly contestant: string;
  /** Of its ratio to the base line. */
  readonly atLeast?: number;
  /** Of its ratio to the base line. */
  readonly atMost?: number;
  /** Of its median, in the unit of the figure. */
  readonly medianAtMost?: number;
}

/** One question, answered by one file of this folder. */
export interface Figure {
  /** What `npm run bench -- <name>` calls it. */
  readonly name: string;
  readonly title: string;
  readonly unit: 'ms' | 'MiB' | 'MiB/s' | 'requests/s' | 'commands';
  readonly goals: readonly Goal[];
  /** Starts the servers and fills them. */
  setUp(scale: Scale): Promise<Contest>;
}

/** The figures of one contestant, over all rounds. */
export interface Row {
  readonly contestant: string;
  readonly median: number;
  /** The first and the third quartile. */
  readonly spread: readonly [number, number];
  /** The median, over the rounds, of the measured value divided by that of the base line in the same round. */
  readonly ratio: number;
  readonly samples: readonly number[];
}

export interface Result {
  readonly name: string;
  /** When it was measured. */
  readonly at: string;
  readonly rounds: number;
  /** How many processes wanted to run meanwhile, for each core: the mean of the last minute, when the last round was over. */
  readonly load: number;
  readonly title: string;
  readonly unit: Figure['unit'];
  readonly rows: readonly Row[];
  readonly goals: readonly (Goal & { readonly reached: boolean })[];
}
