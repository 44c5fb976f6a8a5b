import { cpus, loadavg } from 'node:os';
import type { Contest, Figure, Result, Row, Scale } from './figure.js';

/** Measures every contestant in every round, beginning with another one each time: what else the machine does meets all. */
export async function measure(figure: Figure, scale: Scale): Promise<Result> {
  const contest = await figure.setUp(scale);
  try {
    const rows = await measureRounds(contest, scale);
    const goals = figure.goals.map((goal) => {
      const { ratio, median } = rows.find(({ contestant }) => contestant === goal.contestant)!;
      const { atLeast = -Infinity, atMost = Infinity, medianAtMost = Infinity } = goal;
      const reached = ratio >= atLeast && ratio <= atMost && median <= medianAtMost;
      return { ...goal, reached };
    });
    const { name, title, unit } = figure;
    const load = loadavg()[0]! / cpus().length;
    return { name, at: new Date().toISOString(), rounds: scale.rounds, load, title, unit, rows, goals };
  } finally {
    await contest.tearDown();
  }
}

async function measureRounds({ contestants }: Contest, scale: Scale): Promise<Row[]> {
  const names = [...contestants.keys()];
  const samples = new Map<string, number[]>(names.map((name) => [name, []]));
  for (let round = -scale.warmUp; round < scale.rounds; round++) {
    const first = (round + scale.warmUp) % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      const value = await contestants.get(name)!();
      if (round >= 0) samples.get(name)!.push(value);
    }
  }
  const base = samples.get(names[0]!)!;
  return names.map((contestant) => {
    const own = samples.get(contestant)!;
    return {
      contestant,
      median: quantile(own, 0.5),
      spread: [quantile(own, 0.25), quantile(own, 0.75)],
      ratio: quantile(
        own.map((value, round) => value / base[round]!),
        0.5,
      ),
      samples: own,
    };
  });
}

/** The value below which a share of the values is; between two values, by their distance. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(at)] ?? NaN, sorted[Math.ceil(at)] ?? NaN];
  return below + (above - below) * (at - Math.floor(at));
}
