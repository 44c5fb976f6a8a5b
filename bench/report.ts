import { cpus, totalmem } from 'node:os';
import type { Goal, Result } from './figure.js';

const GiB = 1024 ** 3;

/** The last measurement of each figure, as bench/results/latest.json keeps it. */
export interface Report {
  readonly node: string;
  readonly machine: string;
  readonly results: readonly Result[];
}

/**
 * The report of before with a new result in it, in the order of `names`. Results of another machine or another version
 * of Node are left out: they cannot be compared.
 */
export function reportOf(result: Result, before: Report | null, names: readonly string[]): Report {
  const machine = `${cpus().length} cores of ${cpus()[0]?.model ?? 'an unknown processor'}, ${Math.round(totalmem() / GiB)} GiB`;
  const isSame = before?.machine === machine && before.node === process.version;
  const kept = isSame ? before.results.filter(({ name }) => name !== result.name) : [];
  const all = [result, ...kept].filter(({ name }) => names.includes(name));
  all.sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
  return { node: process.version, machine, results: all };
}

/** The lines of the table of a figure, with a heading. */
export function tableOf({ title, unit, rows, goals, load }: Result): string {
  const number = (value: number): string => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
  const lines = rows.map(({ contestant, median, spread, ratio }) => {
    const goal = goals.find((candidate) => candidate.contestant === contestant);
    return [contestant, number(median), spread.map(number).join(' to '), ratio.toFixed(2), goal ? outcome(goal) : ''];
  });
  const all = [['', unit, 'quartiles', 'of the first', 'goal'], ...lines];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((line) => line[column]!.length)));
  const text = all.map((line) => line.map((cell, column) => cell.padEnd(widths[column]!)).join('  '));
  return [`\n${title}`, ...text, `(load ${load.toFixed(1)} for each core)`].join('\n');
}

/** What was to be reached, and whether it was. */
function outcome(goal: Result['goals'][number]): string {
  return `${wanted(goal)}${goal.reached ? '' : ' (not reached)'}`;
}

function wanted({ atLeast, atMost, medianAtMost }: Goal): string {
  const parts = [
    ...(atLeast === undefined ? [] : [`at least ${atLeast}`]),
    ...(atMost === undefined ? [] : [`at most ${atMost}`]),
    ...(medianAtMost === undefined ? [] : [`median at most ${medianAtMost}`]),
  ];
  return parts.join(', ');
}

/** docs/performance.md. */
export function pageOf(report: Report): string {
  const sections = report.results.map((result) => {
    const rows = result.rows.map(({ contestant, median, spread, ratio }) => {
      const goal = result.goals.find((candidate) => candidate.contestant === contestant);
      const cells = [contestant, median.toFixed(2), spread.map((value) => value.toFixed(2)).join(' to ')];
      return `| ${[...cells, ratio.toFixed(2), goal ? outcome(goal) : ''].join(' | ')} |`;
    });
    const head = `| | ${result.unit} | quartiles | of the first line | goal |\n|---|---|---|---|---|`;
    const facts = `${result.at.slice(0, 10)}, ${result.rounds} rounds, load ${result.load.toFixed(1)} for each core`;
    return `## ${result.title}\n\n\`npm run bench -- ${result.name}\` (${facts})\n\n${head}\n${rows.join('\n')}\n`;
  });
  return `# Performance

Measured by \`npm run bench -- --write\` with Node.js ${report.node}, on ${report.machine}. Each number is the median of all rounds;
every round measures each line once, so that what else the machine does meets all of them. The ratio is the median of the ratios within each round. A load of 1 for each core means that nothing waited
for a processor: far above it, compare ratios and not times. The servers and the client are processes of their own. Peers are configured as their documentation says; their
versions are in [bench/package.json](../bench/package.json). This page and its chart are made from the measurement; do not edit them.

![Each line as a multiple of the first line of its figure](performance.svg)

${sections.join('\n')}`;
}

const BAR = { height: 14, gap: 4, left: 330, width: 420 };

/** docs/performance.svg: a bar for each line, as long as its ratio to the base line; the longest of a figure has the whole width. */
export function chartOf({ results }: Report): string {
  const parts: string[] = [];
  let y = 10;
  for (const { title, unit, rows } of results) {
    const most = Math.max(...rows.map(({ ratio }) => ratio));
    const better = unit.endsWith('/s') ? 'more is better' : 'less is better';
    parts.push(`<text x="0" y="${y + 12}" font-weight="bold">${escaped(title)} (${unit}, ${better})</text>`);
    y += 20;
    for (const { contestant, ratio } of rows) {
      const length = ((ratio / most) * BAR.width).toFixed(1);
      const colour = contestant.startsWith('Lectern') ? '#2563eb' : '#9ca3af';
      parts.push(
        `<text x="${BAR.left - 8}" y="${y + 11}" text-anchor="end">${escaped(contestant)}</text>`,
        `<rect x="${BAR.left}" y="${y}" width="${length}" height="${BAR.height}" fill="${colour}"/>`,
        `<text x="${BAR.left + Number(length) + 6}" y="${y + 11}">${ratio.toFixed(2)}</text>`,
      );
      y += BAR.height + BAR.gap;
    }
    y += 12;
  }
  const size = `width="${BAR.left + BAR.width + 60}" height="${y}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="12">\n${parts.join('\n')}\n</svg>\n`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
