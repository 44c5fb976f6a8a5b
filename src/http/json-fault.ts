import { parse, type ParseError } from 'jsonc-parser';

/**
 * Says where a text is not valid JSON, such as `line 1, column 5`. The message of `JSON.parse` differs between versions
 * of Node, often has no position, and quotes the text.
 * Returns undefined when the text is valid JSON.
 */
export function jsonFault(text: string): string | undefined {
  if (text.trim() === '') return 'it is empty';
  const errors: ParseError[] = [];
  try {
    parse(text, errors, { disallowComments: true, allowTrailingComma: false });
  } catch (error) {
    // The parser is recursive, so deep nesting overflows the stack.
    if (!(error instanceof RangeError)) throw error;
    return 'it is nested too deeply';
  }
  if (errors[0] === undefined) return undefined;
  const lines = text.slice(0, errors[0].offset).split(/\r\n|\r|\n/);
  return `line ${String(lines.length)}, column ${String((lines.at(-1) ?? '').length + 1)}`;
}
