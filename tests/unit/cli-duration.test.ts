import { InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../src/cli/duration.js';

const rules = { min: 0, max: 7 * 86_400, advice: 'Write it so.' };

describe('parseDuration', () => {
  it.each([
    ['0', 0],
    ['0s', 0],
    ['7', 7],
    ['90', 90],
    ['90s', 90],
    ['15m', 900],
    ['24h', 86_400],
    ['7d', 604_800],
  ])('reads %s as %i seconds', (text, seconds) => {
    expect(parseDuration(text, rules)).toBe(seconds);
  });

  it.each(['', 's', '604801', '1w', '-1h', '1.5h', '24H', ' 24h', '1h30m', '8d', '0x5'])('refuses %j', (text) => {
    expect(() => parseDuration(text, rules)).toThrow(new InvalidArgumentError('Write it so.'));
  });

  it('refuses a duration below the minimum', () => {
    expect(() => parseDuration('0', { ...rules, min: 1 })).toThrow(InvalidArgumentError);
  });
});
