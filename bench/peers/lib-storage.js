// The base line of uploads to S3: lib-storage of the AWS SDK, from a file, as its README has it. POST uploads, DELETE deletes.
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import process from 'node:process';
import { CreateBucketCommand, DeleteObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';

const { S3_ENDPOINT, S3_BUCKET_NAME, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, FILE } = process.env;
const client = new S3Client({
  endpoint: S3_ENDPOINT,
  credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
  region: 'us-east-1',
  forcePathStyle: true,
  // radosgw refuses the checksums in trailers that the SDK sends unless told otherwise.
  requestChecksumCalculation: 'WHEN_REQUIRED',
});
await client.send(new CreateBucketCommand({ Bucket: S3_BUCKET_NAME }));
const object = { Bucket: S3_BUCKET_NAME, Key: 'base-line' };

const server = createServer(async (request, response) => {
  if (request.method === 'POST')
    await new Upload({ client, params: { ...object, Body: createReadStream(FILE) } }).done();
  else await client.send(new DeleteObjectCommand(object));
  response.end('{}');
});
server.listen(0, 'localhost', () => console.log(`http://localhost:${server.address().port}/`));
