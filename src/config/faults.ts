/** A parser does not accept a value. It never repeats the value: the loader decides what may be shown. */
export class ValueRefused extends Error {
  /** How to put it right, as an instruction. */
  readonly remedy: string;

  /** `problem` continues the sentence that the value begins: 'is not a whole number'. */
  constructor(problem: string, remedy: string) {
    super(problem);
    this.name = 'ValueRefused';
    this.remedy = remedy;
  }
}

/** One thing wrong with the configuration. */
export interface ConfigFault {
  /** The environment variable to change. */
  readonly variable: string;
  readonly problem: string;
  readonly remedy: string;
}

/** The configuration is not acceptable. The message names every fault at once and holds no secret value. */
export class ConfigError extends Error {
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[]) {
    const heading =
      faults.length === 1 ? 'The configuration has a fault:' : `The configuration has ${faults.length} faults:`;
    const lines = faults.map((fault) => `  ${fault.variable}: ${fault.problem}. ${fault.remedy}.`);
    super([heading, ...lines, 'Every variable is explained in .env.example.'].join('\n'));
    this.name = 'ConfigError';
    this.faults = faults;
  }
}
