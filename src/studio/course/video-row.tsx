import type { FragmentType } from '@apollo/client';
import { useFragment, useMutation } from '@apollo/client/react';
import { useState } from 'react';
import { Link } from 'wouter';
import { clock } from '../format.js';
import {
  DeleteVideoDocument,
  UpdateVideoDocument,
  VideoRowFragmentDoc,
  type VideoRowFragment,
} from '../gql/graphql.js';
import { useUploadTo } from '../uploads/upload-list.js';
import { classes } from '../ui/classes.js';
import { ConfirmDialog } from '../ui/confirm-dialog.js';
import controls from '../ui/controls.module.css';
import { CheckIcon, LockIcon, MoreIcon, PlayIcon } from '../ui/icons.js';
import { Menu } from '../ui/menu.js';
import { Problem } from '../ui/problem.js';
import { useLessonMarks } from '../video/lesson-marks.js';
import { words } from '../words.js';
import css from './course.module.css';
import { DragHandle } from './drag-handle.js';
import { edgeClass } from './edge-class.js';
import { removeInCache } from './list-cache.js';
import { RenameVideo } from './rename-video.js';
import { useSortable, type SortableList } from './sortable.js';

interface VideoRowProps {
  readonly video: FragmentType<VideoRowFragment>;
  readonly topicId: string;
  readonly isEditable: boolean;
  /** The videos of the topic. */
  readonly list: SortableList;
}

export function VideoRow({ video, topicId, isEditable, list }: VideoRowProps) {
  const { data, complete } = useFragment({ fragment: VideoRowFragmentDoc, fragmentName: 'VideoRow', from: video });
  return complete ? <Loaded {...{ video: data, topicId, isEditable, list }} /> : null;
}

type LoadedProps = Omit<VideoRowProps, 'video'> & { readonly video: VideoRowFragment };

function Loaded({ video, topicId, isEditable, list }: LoadedProps) {
  const { id, title } = video;
  const item = useSortable(list, id, title);
  return (
    <li ref={item.row} className={classes(css.video, item.isDragged && css.dragged, edgeClass(item.edge))}>
      {isEditable && <DragHandle item={item} title={title} />}
      <Still video={video} />
      <div className={css.videoTitle}>
        <Link href={`/videos/${id}`}>{title}</Link>
        <Facts video={video} isEditable={isEditable} />
      </div>
      {isEditable && <VideoCommands video={video} topicId={topicId} />}
    </li>
  );
}

function Still({ video: { thumbnailUrl, isLocked } }: { readonly video: VideoRowFragment }) {
  return (
    <span className={css.still} aria-hidden="true">
      {thumbnailUrl ? (
        <img src={thumbnailUrl} alt="" loading="lazy" decoding="async" />
      ) : isLocked ? (
        <LockIcon />
      ) : (
        <PlayIcon />
      )}
    </span>
  );
}

/** The length of a video, and what is special about it. */
function Facts({ video, isEditable }: { readonly video: VideoRowFragment; readonly isEditable: boolean }) {
  const { id, durationSeconds, isLocked, isPreview, isAudio, file } = video;
  const marks = useLessonMarks();
  const upload = useUploadTo({ slot: 'VIDEO_FILE', ownerId: id });
  return (
    <span className={css.facts}>
      {durationSeconds !== null && <span>{clock(durationSeconds)}</span>}
      {isAudio && <span>{words.course.audio}</span>}
      {isPreview && <span className={classes(controls.badge, controls.badgeAccent)}>{words.course.preview}</span>}
      {isLocked && <span className={controls.badge}>{words.course.locked}</span>}
      {marks.isDone(id) && (
        <span className={css.done}>
          <CheckIcon />
          {words.course.watched}
        </span>
      )}
      {upload ? (
        <span>
          {words.uploads.states[upload.state]}
          {upload.state === 'sending' && ` · ${Math.floor((100 * upload.loaded) / Math.max(1, upload.size))} %`}
        </span>
      ) : (
        isEditable &&
        !file && <span className={classes(controls.badge, controls.badgeWarn)}>{words.course.noFile}</span>
      )}
    </span>
  );
}

function VideoCommands({ video, topicId }: { readonly video: VideoRowFragment; readonly topicId: string }) {
  const { id, title, isPreview } = video;
  const [open, setOpen] = useState<'rename' | 'delete' | null>(null);
  const [update, { error }] = useMutation(UpdateVideoDocument);
  const [remove] = useMutation(DeleteVideoDocument, {
    variables: { id },
    update: (cache) => removeInCache(cache, { type: 'Topic', id: topicId, field: 'videos' }, id),
  });
  const togglePreview = (): void =>
    void update({ variables: { id, input: { isPreview: !isPreview } } }).catch(() => undefined);
  const close = (): void => setOpen(null);
  return (
    <>
      <Problem error={error} onRetry={togglePreview} />
      <Menu
        label={words.course.videoActions(title)}
        items={[
          { label: words.course.rename, onSelect: () => setOpen('rename') },
          { label: isPreview ? words.course.endPreview : words.course.makePreview, onSelect: togglePreview },
          { label: words.course.deleteVideo, danger: true, onSelect: () => setOpen('delete') },
        ]}
      >
        <MoreIcon />
      </Menu>
      {open === 'rename' && <RenameVideo id={id} title={title} onClose={close} />}
      {open === 'delete' && (
        <ConfirmDialog
          title={words.course.deleteVideoTitle(title)}
          text={words.course.deleteVideoGoes}
          confirm={words.course.deleteVideo}
          onConfirm={() => remove()}
          onClose={close}
        />
      )}
    </>
  );
}
