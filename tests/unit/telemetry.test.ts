import { describe, expect, it } from 'vitest';
import { Telemetry } from '../../src/telemetry.js';

/** Telemetry whose log can be read. */
function logged(): { telemetry: Telemetry; text: () => string } {
  let text = '';
  const telemetry = new Telemetry({ level: 'trace', destination: { write: (line: string) => (text += line) } });
  return { telemetry, text: () => text };
}

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg';

describe('the log', () => {
  it.each<[string, object, string[]]>([
    ['a header', { headers: { authorization: `Bearer ${JWT}` } }, [JWT]],
    ['a message', { err: new Error(`jwt ${JWT} is refused`) }, [JWT, 'c2lnbmF0dXJl']],
    ['a cause', { err: new Error('outer', { cause: new Error(`Bearer opaque-token-1`) }) }, ['opaque-token-1']],
    [
      'a signed URL of the server',
      { err: new Error('GET http://localhost/files/a/b/c.png?expires=1&type=image%2Fpng&signature=abc-DEF_9 failed') },
      ['abc-DEF_9'],
    ],
    [
      'a presigned URL',
      {
        url: 'https://b.s3.amazonaws.com/k?X-Amz-Credential=AKIA%2F20260101&X-Amz-Security-Token=tok%2Fen&X-Amz-Signature=0a1b2c',
      },
      ['AKIA', 'tok%2Fen', '0a1b2c'],
    ],
    [
      'the answer of an S3 store to a wrong signature',
      {
        err: Object.assign(new Error('SignatureDoesNotMatch'), {
          AWSAccessKeyId: 'AKIDEXAMPLE',
          SignatureProvided: '0a1b2c',
          StringToSign: 'AWS4-HMAC-SHA256\n20260101T000000Z\n"quoted" secret-scope',
        }),
      },
      ['AKIDEXAMPLE', '0a1b2c', 'secret-scope'],
    ],
  ])('redacts the secret in %s', (_where, fields, secrets) => {
    const { telemetry, text } = logged();
    telemetry.logger.error(fields, 'a line');
    expect(JSON.parse(text())).toMatchObject({ msg: 'a line' });
    expect(text()).toContain('[Redacted]');
    for (const secret of secrets) expect(text()).not.toContain(secret);
  });

  it('changes nothing else', () => {
    const { telemetry, text } = logged();
    const fields = {
      path: '/files/a/b/c.png',
      message: 'The signature is wrong. eyJ is no token. type=x',
      key: 'a/b/c',
    };
    telemetry.logger.info(fields, 'a line');
    expect(JSON.parse(text())).toMatchObject(fields);
  });

  it('has the id of the current request in each line', async () => {
    const { telemetry, text } = logged();
    const work = (id: string): Promise<void> =>
      new Promise((resolve) => {
        telemetry.inRequest(id, {}, () => {
          setImmediate(() => {
            telemetry.logger.info({ about: id }, 'line');
            resolve();
          });
        });
      });
    await Promise.all([work('one'), work('two')]);
    telemetry.logger.info('outside');
    const lines = text()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { about?: string; requestId?: string });
    expect(lines.map(({ about, requestId }) => [about, requestId])).toEqual([
      ['one', 'one'],
      ['two', 'two'],
      [undefined, undefined],
    ]);
  });
});
