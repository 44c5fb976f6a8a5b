import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startRadosgw } from '../tests/support/radosgw.js';
import type { Contest, Figure, Scale } from './figure.js';
import { adminToken, newLecternData, startLectern, startPeer } from './servers.js';
import { MiB, query, send, timed, videoOf } from './transfer.js';
import { newTopic, upload } from './upload-local.js';

const SIZE = 256 * MiB;
const SMOKE_SIZE = 12 * MiB;
const BUCKET = 'bench';

/** The base line has its bytes in a file, and sends them on; Lectern gets them from a client, and hashes them too. */
export const uploadS3: Figure = {
  name: 'upload-s3',
  title: 'Upload of 256 MiB by a GraphQL multipart request to an S3 store (radosgw)',
  unit: 'MiB/s',
  goals: [{ contestant: 'Lectern', atLeast: 0.95 }],
  setUp,
};

async function setUp({ smoke }: Scale): Promise<Contest> {
  const store = await startRadosgw();
  if (!store) throw new Error('radosgw is not installed: see CONTRIBUTING.md for its Debian packages.');
  await store.ready;
  const { endpoint, accessKeyId, secretAccessKey } = store;
  const s3 = {
    S3_BUCKET_NAME: BUCKET,
    S3_ENDPOINT: endpoint,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  };

  const file = videoOf(smoke ? SMOKE_SIZE : SIZE);
  const data = await newLecternData();
  const path = join(data.environment['DATA_DIR']!, 'measured.mp4');
  await writeFile(path, Buffer.concat([...file.chunks()]));
  // It makes the bucket.
  const bare = await startPeer('lib-storage.js', { ...s3, FILE: path });
  const lectern = await startLectern({ ...data.environment, ...s3, USE_S3: 'true', S3_FORCE_PATH_STYLE: 'true' });
  const token = await adminToken();
  const topicId = await newTopic(lectern.url, token);
  const speed = (ms: number): number => file.size / MiB / (ms / 1000);
  const document = 'mutation($topicId: ID!, $file: Upload!) { uploadVideo(topicId: $topicId, file: $file) { id } }';
  return {
    contestants: new Map([
      [
        'lib-storage from a file',
        async () => {
          const ms = await timed(() => send('POST', bare.url, { 'content-length': 0 }, []));
          await send('DELETE', bare.url, { 'content-length': 0 }, []);
          return speed(ms);
        },
      ],
      [
        'Lectern',
        async () => {
          let answer = '';
          const ms = await timed(async () => (answer = await upload(lectern.url, document, { topicId }, file, token)));
          const { id } = (JSON.parse(answer) as { data: { uploadVideo: { id: string } } }).data.uploadVideo;
          await query(lectern.url, token, 'mutation($id: ID!) { deleteVideo(id: $id) }', { id });
          return speed(ms);
        },
      ],
    ]),
    tearDown: async () => {
      await Promise.all([lectern.stop(), bare.stop()]);
      await store.stop();
      await data.remove();
    },
  };
}
