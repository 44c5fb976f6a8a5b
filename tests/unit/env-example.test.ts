import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Section } from '../../src/config/variable.js';
import { CONFIG_TABLE, loadConfig } from '../../src/config.js';

const PATH = new URL('../../.env.example', import.meta.url).pathname;

const HEADING = `# Every setting of Lectern, with its default. Copy this file to .env and take the # away where you change one.
# The real environment wins over .env. An empty value counts as unset.
# Written from src/config, by: npx vitest run tests/unit/env-example.test.ts -u
`;

const MAX_LINE_CHARACTERS = 120;

/** The text of `.env.example`. */
function renderEnvExample(table: Readonly<Record<string, Section>>): string {
  const sections = Object.entries(table).map(([title, section]) => `# --- ${title} ---\n\n${renderSection(section)}`);
  return [HEADING, ...sections].join('\n');
}

function renderSection(section: Section): string {
  const variables = Object.values(section).map(({ name, default: value, unset, secret, meaning }) => {
    const notes = [meaning];
    if (unset !== undefined) notes.push(`Unset: ${unset}.`);
    if (secret) notes.push('Secret.');
    return `${comment(notes.join(' '))}\n#${name}=${value ?? ''}\n`;
  });
  return variables.join('\n');
}

/** Turns text into comment lines, broken between words. */
function comment(text: string): string {
  const lines: string[] = [];
  let line = '#';
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > MAX_LINE_CHARACTERS) {
      lines.push(line);
      line = '#';
    }
    line += ` ${word}`;
  }
  return [...lines, line].join('\n');
}

describe('.env.example', () => {
  it('matches the table of settings (after a change: npx vitest run tests/unit/env-example.test.ts -u)', async () => {
    await expect(renderEnvExample(CONFIG_TABLE)).toMatchFileSnapshot(PATH);
  });

  it('lists every variable once, with its meaning and default', () => {
    const blocks = readFileSync(PATH, 'utf8').split('\n\n');
    for (const variable of Object.values(CONFIG_TABLE).flatMap((section) => Object.values(section))) {
      const { name, meaning } = variable;
      const value = 'default' in variable ? variable.default : '';
      const found = blocks.filter((block) => block.includes(`#${name}=`));
      expect(found, name).toHaveLength(1);
      expect(found[0]?.split('\n'), name).toContain(`#${name}=${value}`);
      expect(found[0]?.replaceAll('\n# ', ' '), name).toContain(meaning);
    }
  });

  it('gives the default configuration when every variable in it is uncommented', () => {
    const lines = readFileSync(PATH, 'utf8').matchAll(/^#([A-Z0-9_]+)=(.*)$/gm);
    const environment = Object.fromEntries(Array.from(lines, ([, name = '', value = '']) => [name, value]));
    expect(Object.keys(environment).length).toBeGreaterThan(30);
    expect(loadConfig(environment)).toEqual(loadConfig({}));
  });
});
