/** A parser refuses a value. The message does not contain the value, because it may be secret. */
export class ValueRefused extends Error {
  /** How to correct the value, as an instruction. */
  readonly remedy: string;

  /** @param problem The end of a sentence that begins with the value: 'is not a whole number'. */
  constructor(problem: string, remedy: string) {
    super(problem);
    this.name = 'ValueRefused';
    this.remedy = remedy;
  }
}

/** One error in the configuration. */
export interface ConfigFault {
  /** The environment variable to change. */
  readonly variable: string;
  readonly problem: string;
  readonly remedy: string;
}

/** The configuration is invalid. The message lists all faults and contains no secret value. */
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
