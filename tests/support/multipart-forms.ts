import { bigPng, fixtures } from './fixtures.js';
import { fieldPart, fileOf, filePart, multipartBody, type Part, type RawBody, type UploadFile } from './multipart.js';

// Valid forms with one change, for the tables in multipart-cases.ts.

/** The limits of the server that these cases are sent to. */
export const CASE_LIMITS = { files: 3, fileBytes: 1024 ** 2, fieldBytes: 1024 ** 2 };

export const QUERY = 'mutation ($file: Upload!) { uploadImage(file: $file) { id file { filename sha256 } } }';
export const PNG = filePart('0', fixtures.png);

export const operationsFor = (variables: unknown = { file: null }, query = QUERY): string =>
  JSON.stringify({ query, variables });
export const mapTo = (...paths: string[]): string =>
  JSON.stringify(Object.fromEntries(paths.map((path, i) => [i, [path]])));
export const OPERATIONS = fieldPart('operations', operationsFor());
export const MAP = fieldPart('map', mapTo('variables.file'));

/** A valid form with one change. */
export function form(change: { operations?: string; map?: string; files?: readonly Part[] } = {}): RawBody {
  const { operations, map, files = [PNG] } = change;
  return multipartBody([
    operations === undefined ? OPERATIONS : fieldPart('operations', operations),
    map === undefined ? MAP : fieldPart('map', map),
    ...files,
  ]);
}

/** A body of exactly this text, with explicit line ends. It is sent in Latin 1, so that it can contain any byte. */
export function textBody(text: string, contentType = 'multipart/form-data; boundary=x'): RawBody {
  const bytes = Buffer.from(text, 'latin1');
  return { contentType, size: bytes.length, chunks: () => [bytes] };
}

export const disposition = (rest: string): string => `Content-Disposition: form-data; name="0"${rest}`;
export const partWith = (...headers: string[]): Part => ({ ...PNG, headers });

/** A valid form as text, with these lines in place of the file's headers. */
export function rawHeaders(lines: string): RawBody {
  const png = fixtures.png.bytes.toString('latin1');
  return textBody(
    `--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n${operationsFor()}\r\n` +
      `--x\r\nContent-Disposition: form-data; name="map"\r\n\r\n${mapTo('variables.file')}\r\n` +
      `--x\r\n${lines}\r\n\r\n${png}\r\n--x--\r\n`,
  );
}

export const named = (filename: string): RawBody =>
  form({ files: [partWith(disposition(`; filename="${filename}"`))] });

export function around(body: RawBody, before: string, behind: string): RawBody {
  const [first, last] = [Buffer.from(before), Buffer.from(behind)];
  const chunks = () => [first, ...body.chunks(), last];
  return { ...body, size: body.size + first.length + last.length, chunks };
}

export function without(body: RawBody, bytes: number): RawBody {
  const kept = Buffer.concat([...body.chunks()]).subarray(0, -bytes);
  return { ...body, size: kept.length, chunks: () => [kept] };
}

export function retyped(body: RawBody, change: (contentType: string) => string): RawBody {
  return { ...body, contentType: change(body.contentType) };
}

export function boundary(said: string, used: string): RawBody {
  return retyped(multipartBody([OPERATIONS, MAP, PNG], used), () => `multipart/form-data; boundary=${said}`);
}

/** Operations of exactly this many bytes. */
export function padded(bytes: number): string {
  const bare = operationsFor();
  return bare + ' '.repeat(bytes - bare.length);
}

export function operationsWithDeep(levels: number): string {
  const deep = '['.repeat(levels) + ']'.repeat(levels);
  return `{"query":${JSON.stringify(QUERY)},"variables":{"file":null,"deep":${deep}}}`;
}

export function unconsumed(files: readonly Part[]): RawBody {
  return form({
    operations: operationsFor({ file: null, spare: null }),
    map: mapTo('variables.file', 'variables.spare'),
    files,
  });
}

export function bigPart(name: string): Part {
  return filePart(name, bigPng(CASE_LIMITS.fileBytes));
}

export function bothFrom(map: string, files: readonly Part[]): RawBody {
  const query =
    'mutation ($a: Upload!, $b: Upload!) { a: uploadImage(file: $a) { id } b: uploadImage(file: $b) { id } }';
  return form({ operations: operationsFor({ a: null, b: null }, query), map, files });
}

export function encodedPart(encoding: string): RawBody {
  const file: UploadFile = fileOf(fixtures.png.bytes.toString('base64'), 'a.png', 'image/png');
  const part = filePart('0', file);
  return form({ files: [{ ...part, headers: [...part.headers, `Content-Transfer-Encoding: ${encoding}`] }] });
}
