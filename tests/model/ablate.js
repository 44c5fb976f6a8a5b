/** Takes one step out at a time: each search must find a violation. Prints the first of each. */
import { ABLATIONS } from './ablations.js';
import { search } from './search.js';

/**
 * @param {string[]} words in the names of those that are wanted; none: all
 * @param {object} defaults the options of a search
 * @param {boolean} withTraces whether traces are printed
 * @returns {Promise<number>} how many were not noticed
 */
export async function ablate(words, defaults, withTraces) {
  let unnoticed = 0;
  for (const [name, { scenario, options }] of Object.entries(ABLATIONS)) {
    if (words.length > 0 && !words.some((word) => name.includes(word))) continue;
    await search([scenario], { ...defaults, ...options }, { ablation: name }, ({ violations: [first], states }) => {
      const mode = `${options.faults ?? 0} faults, ${options.paused ? 'paused' : 'timely'}`;
      const outcome = first ? `${first.text} [${first.trace.length} steps]` : `NOT NOTICED in ${states} states`;
      console.log(`${name}: ${outcome} (${scenario}; ${mode})`);
      if (first && withTraces) for (const line of first.trace) console.log(`      ${line}`);
      if (!first) unnoticed += 1;
    });
  }
  return unnoticed;
}
